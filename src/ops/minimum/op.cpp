#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(minimum) { return binary_definition("minimum", "the smaller of a and b; NaN where either is"); }

}  // namespace frugal
