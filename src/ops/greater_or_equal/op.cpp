#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(greater_or_equal) { return comparison_definition("greater_or_equal", "a >= b"); }

}  // namespace frugal
