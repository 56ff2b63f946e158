#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(logical_not) { return unary_definition("logical_not", "not x", InputType::boolean); }

}  // namespace frugal
