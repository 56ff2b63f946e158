#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(bitwise_xor) { return binary_definition("bitwise_xor", "a ^ b", InputType::integer); }

}  // namespace frugal
