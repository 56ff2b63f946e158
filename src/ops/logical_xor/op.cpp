#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(logical_xor) { return binary_definition("logical_xor", "either a or b", InputType::boolean); }

}  // namespace frugal
