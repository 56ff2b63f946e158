#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(log_softmax) { return axis_definition("log_softmax", "x - log(sum(exp(x))) along an axis", InputType::real); }

}  // namespace frugal
