#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(sigmoid) {
  return {.name = "sigmoid",
          .doc = "1 / (1 + exp(-x))",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
