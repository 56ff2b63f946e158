#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(sub) {
  return {.name = "sub",
          .doc = "a - b with NumPy broadcasting",
          .inputs = {{"a"}, {"b"}},
          .attrs = {},
          .infer = infer_broadcast};
}

}  // namespace frugal
