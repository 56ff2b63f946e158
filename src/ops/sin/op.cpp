#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(sin) { return unary_definition("sin", "sine of x in radians"); }

}  // namespace frugal
