#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_l1) {
  return reduction_definition("reduce_l1", "Sum of magnitudes over the given axes.", InputType::number);
}

}  // namespace frugal
