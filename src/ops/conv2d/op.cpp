#include "graph/op.h"
#include "graph/shape_rules.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  c.require_rank(1, 4);
  const SymShape &x = c.shape(0), &w = c.shape(1);
  std::int64_t groups = c.integer("groups");
  const Ints &stride = c.ints("stride"), &pad = c.ints("padding"), &dilation = c.ints("dilation");
  c.require(fixed(w), "the shape of the weight must be known, not [{}]", to_string(w));
  c.require(x[1] == Dim(w[1].value() * groups),
            "the input has {} channels, but the weight [{}] with {} groups takes {}", x[1].text(), to_string(w), groups,
            w[1].value() * groups);
  c.require(w[0].value() % groups == 0, "{} output channels cannot be split into {} groups", w[0].value(), groups);
  if (c.has(2))
    c.require(c.shape(2) == SymShape{w[0]}, "the bias has shape [{}], not [{}]", to_string(c.shape(2)), w[0].text());
  Dim height = window_output(c, x[2], w[2].value(), stride[0], dilation[0], pad[0] + pad[2]);
  Dim width = window_output(c, x[3], w[3].value(), stride[1], dilation[1], pad[1] + pad[3]);
  return {{c.input(0).dtype, {x[0], w[0], height, width}}};
}

}  // namespace

FRUGAL_OP(conv2d) {
  return {.name = "conv2d",
          .doc = "Cross-correlation of [N,C,H,W] with a weight [O,C/groups,kh,kw], plus a bias [O].",
          .inputs = {{"x"}, {"weight"}, {"bias", true}},
          .attrs = {{"stride", AttrType::integers, Attr(Ints{1, 1}), "step in height and width", 1, 65536, {}, 2},
                    {"padding",
                     AttrType::integers,
                     Attr(Ints{0, 0, 0, 0}),
                     "zeros added at top, left, bottom, right",
                     0,
                     65536,
                     {},
                     4},
                    {"dilation", AttrType::integers, Attr(Ints{1, 1}), "distance between taps", 1, 65536, {}, 2},
                    {"groups", AttrType::integer, Attr(1), "channel groups that do not mix", 1, 1 << 24}},
          .infer = infer,
          .macs = [](const OpContext& c) {
            return product(c.output(0).shape) * product({c.shape(1)[1], c.shape(1)[2], c.shape(1)[3]});
          }};
}

}  // namespace frugal
