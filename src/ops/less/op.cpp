#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(less) { return comparison_definition("less", "a < b"); }

}  // namespace frugal
