#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(selu) {
  return unary_definition("selu", "gamma * (x where positive, else alpha * (exp(x) - 1)) (arXiv 1706.02515)",
                          InputType::floating,
                          {real_attribute("alpha", 1.67326319217681884765625, "scale of the negative part"),
                           real_attribute("gamma", 1.05070102214813232421875, "scale of all")});
}

}  // namespace frugal
