#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(relu6) {
  return {.name = "relu6",
          .doc = "min(max(x, 0), 6)",
          .inputs = {{.name = "x", .type = InputType::number}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
