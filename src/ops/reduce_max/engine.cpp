#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_max) { registry.add("reduce_max", reduction_op(Reduce::max)); }

}  // namespace frugal
