#include "ops/layer.h"

namespace frugal {
namespace {

Dim output_size(const Dim& in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation, std::int64_t padding,
                std::int64_t more) {
  return (in - Dim(1)) * Dim(stride) + Dim(dilation * (kernel - 1) + 1 - padding + more);
}

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  c.require_rank(1, 4);
  const SymShape &x = c.shape(0), &w = c.shape(1);
  const std::int64_t groups = c.integer("groups");
  const Ints &stride = c.ints("stride"), &pad = c.ints("padding"), &dilation = c.ints("dilation"),
             &more = c.ints("output_padding");
  c.require(fixed(w), "the shape of the weight must be known, not [{}]", to_string(w));
  c.require(w[2].value() > 0 && w[3].value() > 0, "the weight [{}] has no taps", to_string(w));
  c.require(x[1] == w[0], "the input has {} channels, but the weight [{}] takes {}", x[1].text(), to_string(w),
            w[0].text());
  c.require(w[0].value() % groups == 0, "{} input channels cannot be split into {} groups", w[0].value(), groups);
  const Dim channels = w[1] * Dim(groups);
  require_bias(c, 2, channels);
  ValueType out{c.input(0).dtype, {x[0], channels}};
  for (std::size_t i = 0; i < 2; ++i) {
    c.require(!x[i + 2].fixed() || x[i + 2].value() > 0, "there is nothing to enlarge in shape [{}]", to_string(x));
    out.shape.push_back(output_size(x[i + 2], w[i + 2].value(), stride[i], dilation[i], pad[i] + pad[i + 2], more[i]));
  }
  return {out};
}

}  // namespace

FRUGAL_OP(conv_transpose2d) {
  return {
      .name = "conv_transpose2d",
      .doc =
          "The transpose of conv2d: every input pixel of [N,C,H,W] is spread with a weight [C,O/groups,kh,kw] over "
          "the output, (in - 1) * stride + dilation * (k - 1) + 1 - padding + output_padding long; plus a bias [O].",
      .inputs = {{"x"}, {"weight"}, {"bias", true}},
      .attrs = {{"stride", AttrType::integers, Attr(Ints{1, 1}), "step in height and width", 1, 65536, {}, 2},
                {"padding",
                 AttrType::integers,
                 Attr(Ints{0, 0, 0, 0}),
                 "cut off the output at top, left, bottom, right",
                 0,
                 65536,
                 {},
                 4},
                {"output_padding",
                 AttrType::integers,
                 Attr(Ints{0, 0}),
                 "rows added at the bottom, columns at the right",
                 0,
                 65536,
                 {},
                 2},
                {"dilation", AttrType::integers, Attr(Ints{1, 1}), "distance between taps", 1, 65536, {}, 2},
                {"groups", AttrType::integer, Attr(1), "channel groups that do not mix", 1, 1 << 24}},
      .infer = infer,
      .macs = [](const OpContext& c) {
        return product(c.shape(0)) * product({c.shape(1)[1], c.shape(1)[2], c.shape(1)[3]});
      }};
}

}  // namespace frugal
