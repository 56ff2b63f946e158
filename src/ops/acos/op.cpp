#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(acos) { return unary_definition("acos", "arc cosine"); }

}  // namespace frugal
