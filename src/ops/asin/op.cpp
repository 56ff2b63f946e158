#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(asin) { return unary_definition("asin", "arc sine"); }

}  // namespace frugal
