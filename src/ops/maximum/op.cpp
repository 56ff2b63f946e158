#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(maximum) { return binary_definition("maximum", "the larger of a and b; NaN where either is"); }

}  // namespace frugal
