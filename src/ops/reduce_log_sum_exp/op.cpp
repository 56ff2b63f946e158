#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_log_sum_exp) {
  return reduction_definition("reduce_log_sum_exp", "log(sum(exp(x))) over the given axes.");
}

}  // namespace frugal
