#include "graph/shape_rules.h"

namespace frugal {

FRUGAL_OP(expand) {
  return {.name = "expand",
          .doc = "The input broadcast with the given shape (NumPy's rules: a 1 in `shape` keeps the input's dim).",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"shape", AttrType::dims, std::nullopt, "dims to broadcast with", 0, std::nullopt}},
          .infer = [](const OpContext& c) -> std::vector<ValueType> {
            return {{c.input(0).dtype, broadcast(c, c.shape(0), c.dims("shape"))}};
          }};
}

}  // namespace frugal
