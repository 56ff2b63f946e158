#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_sum) { registry.add("reduce_sum", reduction_op(Reduce::sum)); }

}  // namespace frugal
