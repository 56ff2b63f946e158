#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_l2) { registry.add("reduce_l2", reduction_op(Reduce::l2)); }

}  // namespace frugal
