#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(atanh) { return unary_definition("atanh", "inverse hyperbolic tangent"); }

}  // namespace frugal
