#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(round) { return unary_definition("round", "the nearest integer, halves to the even one"); }

}  // namespace frugal
