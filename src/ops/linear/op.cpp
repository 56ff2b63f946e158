#include "graph/op.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require(!c.shape(0).empty(), "the input must have at least one dim");
  c.require_rank(1, 2);
  c.require(c.shape(0).back() == c.shape(1)[1], "the input's last dim is {}, but the weight [{}] takes {}",
            c.shape(0).back().text(), to_string(c.shape(1)), c.shape(1)[1].text());
  if (c.has(2))
    c.require(c.shape(2) == SymShape{c.shape(1)[0]}, "the bias has shape [{}], not [{}]", to_string(c.shape(2)),
              c.shape(1)[0].text());
  ValueType out = c.input(0);
  out.shape.back() = c.shape(1)[0];
  return {out};
}

}  // namespace

FRUGAL_OP(linear) {
  return {.name = "linear",
          .doc = "x W^T + bias over the last dim; weight [out, in], bias [out].",
          .inputs = {{"x"}, {"weight"}, {"bias", true}},
          .attrs = {},
          .infer = infer,
          .macs = [](const OpContext& c) { return product(c.output(0).shape) * c.shape(1)[1]; }};
}

}  // namespace frugal
