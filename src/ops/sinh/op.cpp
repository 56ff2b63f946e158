#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(sinh) { return unary_definition("sinh", "hyperbolic sine"); }

}  // namespace frugal
