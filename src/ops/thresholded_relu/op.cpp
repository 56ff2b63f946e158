#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(thresholded_relu) {
  return unary_definition("thresholded_relu", "x where it is above alpha, else 0", InputType::floating,
                          {real_attribute("alpha", 1.0, "threshold")});
}

}  // namespace frugal
