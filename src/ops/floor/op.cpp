#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(floor) { return unary_definition("floor", "the next integer below"); }

}  // namespace frugal
