#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  const SymShape& x = c.shape(0);
  for (std::size_t i = 2; i < 4; ++i)
    c.require(!x[i].fixed() || x[i].value() > 0, "there is nothing to pool in shape [{}]", to_string(x));
  return {{c.input(0).dtype, {x[0], x[1], c.ints("size")[0], c.ints("size")[1]}}};
}

}  // namespace

FRUGAL_OP(adaptive_avg_pool2d) {
  return {.name = "adaptive_avg_pool2d",
          .doc = "[N,C,H,W] to a fixed size: output i is the mean of floor(i in / out) .. ceil((i + 1) in / out) - 1.",
          .inputs = {{"x"}},
          .attrs = {{"size", AttrType::integers, std::nullopt, "height and width of the output", 1, 65536, {}, 2}},
          .infer = infer};
}

}  // namespace frugal
