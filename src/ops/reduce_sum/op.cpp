#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_sum) { return reduction_definition("reduce_sum", "Sum over the given axes.", InputType::number); }

}  // namespace frugal
