#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(hard_swish) {
  return {.name = "hard_swish",
          .doc = "x * clip(x / 6 + 1 / 2, 0, 1) (MobileNetV3, arXiv 1905.02244)",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
