#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(erf) { return unary_definition("erf", "error function"); }

}  // namespace frugal
