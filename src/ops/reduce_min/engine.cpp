#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_min) { registry.add("reduce_min", reduction_op(Reduce::min)); }

}  // namespace frugal
