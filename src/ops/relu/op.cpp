#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(relu) {
  return {.name = "relu",
          .doc = "max(x, 0)",
          .inputs = {{.name = "x", .type = InputType::number}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
