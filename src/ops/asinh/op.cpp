#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(asinh) { return unary_definition("asinh", "inverse hyperbolic sine"); }

}  // namespace frugal
