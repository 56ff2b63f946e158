#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(cosh) { return unary_definition("cosh", "hyperbolic cosine"); }

}  // namespace frugal
