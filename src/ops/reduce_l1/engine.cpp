#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_l1) { registry.add("reduce_l1", reduction_op(Reduce::l1)); }

}  // namespace frugal
