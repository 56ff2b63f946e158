#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(acosh) { return unary_definition("acosh", "inverse hyperbolic cosine"); }

}  // namespace frugal
