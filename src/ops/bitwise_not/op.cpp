#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(bitwise_not) { return unary_definition("bitwise_not", "every bit of x turned over", InputType::integer); }

}  // namespace frugal
