#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(mul) {
  return {.name = "mul",
          .doc = "a * b with NumPy broadcasting",
          .inputs = {{"a"}, {"b"}},
          .attrs = {},
          .infer = infer_broadcast};
}

}  // namespace frugal
