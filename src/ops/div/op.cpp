#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(div) { return binary_definition("div", "a / b; integers are truncated, and 0 where b is 0"); }

}  // namespace frugal
