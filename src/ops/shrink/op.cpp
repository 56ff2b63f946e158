#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(shrink) {
  return unary_definition("shrink", "x + bias below -lambd, x - bias above lambd, else 0", InputType::floating,
                          {real_attribute("lambd", 0.5, "half the width of the gap"),
                           real_attribute("bias", 0.0, "how far the rest moves to 0")});
}

}  // namespace frugal
