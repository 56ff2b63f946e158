#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(mish) { return unary_definition("mish", "x * tanh(log(1 + exp(x))) (arXiv 1908.08681)"); }

}  // namespace frugal
