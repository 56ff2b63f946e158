#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_mean) { return reduction_definition("reduce_mean", "Mean over the given axes.", InputType::number); }

}  // namespace frugal
