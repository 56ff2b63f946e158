#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(leaky_relu) {
  return {.name = "leaky_relu",
          .doc = "x where x is positive, else slope * x",
          .inputs = {{.name = "x", .type = InputType::floating}},
          .attrs = {{"slope", AttrType::real, Attr(0.01), "slope below 0"}},
          .infer = infer_same};
}

}  // namespace frugal
