#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(hard_sigmoid) {
  return {
      .name = "hard_sigmoid",
      .doc = "clip(alpha * x + beta, 0, 1)",
      .inputs = {{.name = "x", .type = InputType::floating}},
      .attrs = {{"alpha", AttrType::real, Attr(1.0 / 6), "slope"}, {"beta", AttrType::real, Attr(0.5), "value at 0"}},
      .infer = infer_same};
}

}  // namespace frugal
