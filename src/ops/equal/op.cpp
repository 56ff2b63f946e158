#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(equal) { return comparison_definition("equal", "a == b", InputType::any); }

}  // namespace frugal
