#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(abs) { return unary_definition("abs", "|x|", InputType::number); }

}  // namespace frugal
