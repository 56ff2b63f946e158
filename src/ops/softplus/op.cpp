#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(softplus) { return unary_definition("softplus", "log(1 + exp(x))"); }

}  // namespace frugal
