#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(softmax) {
  return {.name = "softmax",
          .doc = "exp(x) / sum(exp(x)) along an axis.",
          .inputs = {{"x"}},
          .attrs = {{"axis", AttrType::integer, Attr(-1), "negative counts from the end"}},
          .infer = [](const OpContext& c) {
            normalize_axis(c, c.integer("axis"), c.shape(0).size());
            return infer_same(c);
          }};
}

}  // namespace frugal
