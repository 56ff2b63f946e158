#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(less_or_equal) { return comparison_definition("less_or_equal", "a <= b"); }

}  // namespace frugal
