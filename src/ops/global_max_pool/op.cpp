#include "graph/op.h"

namespace frugal {

FRUGAL_OP(global_max_pool) {
  return {.name = "global_max_pool",
          .doc = "Largest value over height and width: [N,C,H,W] -> [N,C,1,1].",
          .inputs = {{"x"}},
          .attrs = {},
          .infer = [](const OpContext& c) -> std::vector<ValueType> {
            c.require_rank(0, 4);
            return {{c.input(0).dtype, {c.shape(0)[0], c.shape(0)[1], 1, 1}}};
          }};
}

}  // namespace frugal
