#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(1, 1);
  const SymShape& x = c.shape(0);
  const Dim& slopes = c.shape(1)[0];
  c.require(slopes == Dim(1) || (x.size() >= 2 && slopes == x[1]),
            "the weight has {} slopes; an input of shape [{}] takes 1 or one a channel (dim 1)", slopes.text(),
            to_string(x));
  return {c.input(0)};
}

}  // namespace

FRUGAL_OP(prelu) {
  return {.name = "prelu",
          .doc = "x where x is positive, else weight * x; one slope, or one a channel (dim 1).",
          .inputs = {{"x"}, {"weight"}},
          .attrs = {},
          .infer = infer};
}

}  // namespace frugal
