#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(sign) { return unary_definition("sign", "-1, 0 or 1; NaN stays NaN", InputType::number); }

}  // namespace frugal
