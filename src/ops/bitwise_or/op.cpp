#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(bitwise_or) { return binary_definition("bitwise_or", "a | b", InputType::integer); }

}  // namespace frugal
