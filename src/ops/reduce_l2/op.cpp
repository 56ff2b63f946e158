#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_l2) { return reduction_definition("reduce_l2", "Root of the sum of squares over the given axes."); }

}  // namespace frugal
