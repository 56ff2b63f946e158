#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(argmax) {
  return arg_definition(
      "argmax", "Index of the largest element along an axis, the first of equals; a NaN counts as the largest.");
}

}  // namespace frugal
