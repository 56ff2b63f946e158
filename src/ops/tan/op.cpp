#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(tan) { return unary_definition("tan", "tangent of x in radians"); }

}  // namespace frugal
