#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(hardmax) {
  return axis_definition("hardmax", "1 at the largest element along an axis, the first of equals, 0 elsewhere");
}

}  // namespace frugal
