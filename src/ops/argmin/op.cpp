#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(argmin) {
  return arg_definition(
      "argmin", "Index of the smallest element along an axis, the first of equals; a NaN counts as the smallest.");
}

}  // namespace frugal
