#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(reduce_prod) {
  return reduction_definition("reduce_prod", "Product over the given axes.", InputType::number);
}

}  // namespace frugal
