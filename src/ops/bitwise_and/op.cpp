#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(bitwise_and) { return binary_definition("bitwise_and", "a & b", InputType::integer); }

}  // namespace frugal
