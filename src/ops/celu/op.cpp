#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(celu) {
  return unary_definition("celu", "x where positive, else alpha * (exp(x / alpha) - 1) (arXiv 1704.07483)",
                          InputType::floating, {real_attribute("alpha", 1.0, "scale of the negative part", 1e-6)});
}

}  // namespace frugal
