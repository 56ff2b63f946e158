#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(greater) { return comparison_definition("greater", "a > b"); }

}  // namespace frugal
