#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(add) { return binary_definition("add", "a + b"); }

}  // namespace frugal
