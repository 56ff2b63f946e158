#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_prod) { registry.add("reduce_prod", reduction_op(Reduce::prod)); }

}  // namespace frugal
