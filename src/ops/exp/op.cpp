#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(exp) {
  return {.name = "exp",
          .doc = "e to the power of x",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {},
          .infer = infer_same};
}

}  // namespace frugal
