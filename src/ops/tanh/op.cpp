#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(tanh) {
  return {.name = "tanh",
          .doc = "Hyperbolic tangent",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
