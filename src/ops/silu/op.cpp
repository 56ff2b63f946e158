#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(silu) {
  return {.name = "silu",
          .doc = "x * sigmoid(x), also called swish",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
