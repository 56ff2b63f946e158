#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(log) { return unary_definition("log", "natural logarithm"); }

}  // namespace frugal
