#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(ceil) { return unary_definition("ceil", "the next integer above"); }

}  // namespace frugal
