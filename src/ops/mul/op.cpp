#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(mul) { return binary_definition("mul", "a * b"); }

}  // namespace frugal
