#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(neg) { return unary_definition("neg", "-x", InputType::number); }

}  // namespace frugal
