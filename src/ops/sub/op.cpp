#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(sub) { return binary_definition("sub", "a - b"); }

}  // namespace frugal
