#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_mean) { registry.add("reduce_mean", reduction_op(Reduce::mean)); }

}  // namespace frugal
