#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(pow) { return binary_definition("pow", "a to the power of b"); }

}  // namespace frugal
