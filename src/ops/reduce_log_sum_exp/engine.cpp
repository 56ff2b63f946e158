#include "ops/reduction.h"

namespace frugal {

FRUGAL_ENGINE(reduce_log_sum_exp) { registry.add("reduce_log_sum_exp", reduction_op(Reduce::log_sum_exp)); }

}  // namespace frugal
