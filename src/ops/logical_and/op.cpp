#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(logical_and) { return binary_definition("logical_and", "a and b", InputType::boolean); }

}  // namespace frugal
