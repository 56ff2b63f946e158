#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(sqrt) { return unary_definition("sqrt", "square root"); }

}  // namespace frugal
