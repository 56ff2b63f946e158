#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(elu) {
  return unary_definition("elu", "x where positive, else alpha * (exp(x) - 1) (arXiv 1511.07289)", InputType::floating,
                          {real_attribute("alpha", 1.0, "scale of the negative part")});
}

}  // namespace frugal
