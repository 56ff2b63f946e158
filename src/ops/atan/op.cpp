#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(atan) { return unary_definition("atan", "arc tangent"); }

}  // namespace frugal
