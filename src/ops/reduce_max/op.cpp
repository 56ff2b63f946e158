#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_max) {
  return reduction_definition("reduce_max", "Largest element over the given axes.", InputType::number);
}

}  // namespace frugal
