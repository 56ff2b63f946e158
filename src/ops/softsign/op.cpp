#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(softsign) { return unary_definition("softsign", "x / (1 + |x|)"); }

}  // namespace frugal
