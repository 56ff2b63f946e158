#include "graph/op.h"

namespace frugal {

FRUGAL_OP(global_avg_pool) {
  return {.name = "global_avg_pool",
          .doc = "Mean over height and width: [N,C,H,W] -> [N,C,1,1].",
          .inputs = {{"x"}},
          .attrs = {},
          .infer = [](const OpContext& c) -> std::vector<ValueType> {
            c.require_rank(0, 4);
            c.require(!(c.shape(0)[2] * c.shape(0)[3] == Dim(0)),
                      "a picture of shape [{}] has no pixels to take the mean of", to_string(c.shape(0)));
            return {{c.input(0).dtype, {c.shape(0)[0], c.shape(0)[1], 1, 1}}};
          }};
}

}  // namespace frugal
