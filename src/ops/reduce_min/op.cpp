#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_min) {
  return reduction_definition("reduce_min", "Smallest element over the given axes.", InputType::number);
}

}  // namespace frugal
