#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(lrn) {
  OpDef def = unary_definition("lrn",
                               "x / (bias + alpha / size * sum of squares of the `size` channels around it)^beta, on "
                               "[N,C,...] (Krizhevsky et al. 2012)",
                               InputType::real,
                               {{"size", AttrType::integer, std::nullopt, "channels that count", 1, 1 << 20},
                                real_attribute("alpha", 1e-4, "scale of the sum"),
                                real_attribute("beta", 0.75, "exponent"),
                                real_attribute("bias", 1, "added")});
  def.infer = [](const OpContext& c) {
    c.require(c.shape(0).size() >= 2, "the input must have at least 2 dims, not shape [{}]", to_string(c.shape(0)));
    return infer_same(c);
  };
  return def;
}

}  // namespace frugal
