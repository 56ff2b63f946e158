#include "ops/layer.h"

#include "graph/shape_rules.h"

namespace frugal {

std::vector<AttrSpec> convolution_attributes() {
  return {{"stride", AttrType::integers, Attr(Ints{1, 1}), "step in height and width", 1, 65536, {}, 2},
          {"padding",
           AttrType::integers,
           Attr(Ints{0, 0, 0, 0}),
           "zeros added at top, left, bottom, right",
           0,
           65536,
           {},
           4},
          {"dilation", AttrType::integers, Attr(Ints{1, 1}), "distance between taps", 1, 65536, {}, 2},
          {"groups", AttrType::integer, Attr(1), "channel groups that do not mix", 1, 1 << 24}};
}

SymShape convolution_output(const OpContext& c) {
  c.require_rank(0, 4);
  c.require_rank(1, 4);
  const SymShape &x = c.shape(0), &w = c.shape(1);
  const std::int64_t groups = c.integer("groups");
  const Ints &stride = c.ints("stride"), &pad = c.ints("padding"), &dilation = c.ints("dilation");
  c.require(fixed(w), "the shape of the weight must be known, not [{}]", to_string(w));
  c.require(x[1] == Dim(w[1].value() * groups),
            "the input has {} channels, but the weight [{}] with {} groups takes {}", x[1].text(), to_string(w), groups,
            w[1].value() * groups);
  c.require(w[0].value() % groups == 0, "{} output channels cannot be split into {} groups", w[0].value(), groups);
  return {x[0], w[0], window_output(c, x[2], w[2].value(), stride[0], dilation[0], pad[0] + pad[2]),
          window_output(c, x[3], w[3].value(), stride[1], dilation[1], pad[1] + pad[3])};
}

Dim convolution_macs(const OpContext& c) {
  return product(c.output(0).shape) * product({c.shape(1)[1], c.shape(1)[2], c.shape(1)[3]});
}

SymShape linear_output(const OpContext& c, std::size_t weight) {
  c.require(!c.shape(0).empty(), "the input must have at least one dim");
  c.require_rank(weight, 2);
  const SymShape& w = c.shape(weight);
  if (!(c.shape(0).back() == w[1]))
    c.refuse(fmt::format("the input's last dim is {}, but the weight [{}] takes {}", c.shape(0).back().text(),
                         to_string(w), w[1].text()));
  SymShape y = c.shape(0);
  y.back() = w[0];
  return y;
}

void require_weight_type(const OpContext& c, std::size_t i) {
  const DType type = c.input(i).dtype;
  c.require(type != DType::f64, "the weight must be float32, of 16 bits or block-quantised, not {}", name(type));
}

void require_bias(const OpContext& c, std::size_t i, const Dim& channels) {
  if (c.has(i))
    c.require(c.shape(i) == SymShape{channels}, "the bias has shape [{}], not [{}]", to_string(c.shape(i)),
              channels.text());
}

}  // namespace frugal
