#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reciprocal) { return unary_definition("reciprocal", "1 / x"); }

}  // namespace frugal
