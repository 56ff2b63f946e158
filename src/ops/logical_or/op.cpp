#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(logical_or) { return binary_definition("logical_or", "a or b", InputType::boolean); }

}  // namespace frugal
