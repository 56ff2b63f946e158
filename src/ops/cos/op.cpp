#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(cos) { return unary_definition("cos", "cosine of x in radians"); }

}  // namespace frugal
