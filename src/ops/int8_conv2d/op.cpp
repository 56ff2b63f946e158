#include "graph/shape_rules.h"
#include "ops/int8.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require_rank(0, 4);
  c.require_rank(1, 4);
  const SymShape &x = c.shape(0), &w = c.shape(1);
  c.require(fixed(w), "the shape of the weight must be known, not [{}]", to_string(w));
  const std::int64_t groups = c.integer("groups");
  c.require(x[1] == Dim(w[1].value() * groups) && w[0].value() % groups == 0,
            "the input has {} channels, but the weight [{}] with {} groups takes {}", x[1].text(), to_string(w), groups,
            w[1].value() * groups);
  require_int8_layer(c, w[0]);
  const Ints &stride = c.ints("stride"), &pad = c.ints("padding"), &dilation = c.ints("dilation");
  SymShape y{x[0], w[0], window_output(c, x[2], w[2].value(), stride[0], dilation[0], pad[0] + pad[2]),
             window_output(c, x[3], w[3].value(), stride[1], dilation[1], pad[1] + pad[3])};
  require_residual(c, 4, y);
  return {int8_output(c, std::move(y))};
}

}  // namespace

FRUGAL_OP(int8_conv2d) {
  return {.name = "int8_conv2d",
          .doc =
              "Convolution of bytes with exact sums: activation(sum * scale + bias + residual), stored as bytes or "
              "floats. The compiler makes it of quantize_linear, conv2d and what follows.",
          .inputs = {{.name = "x", .type = InputType::any},
                     {.name = "weight", .type = InputType::any},
                     {"scale"},
                     {"bias", true},
                     {.name = "residual", .optional = true, .type = InputType::any}},
          .attrs = int8_store_attrs(
              {{"x_zero", AttrType::integer, Attr(0), "what zero is in x", 0, 255},
               {"stride", AttrType::integers, Attr(Ints{1, 1}), "step in height and width", 1, 65536, {}, 2},
               {"padding",
                AttrType::integers,
                Attr(Ints{0, 0, 0, 0}),
                "zeros added at top, left, bottom, right",
                0,
                65536,
                {},
                4},
               {"dilation", AttrType::integers, Attr(Ints{1, 1}), "distance between taps", 1, 65536, {}, 2},
               {"groups", AttrType::integer, Attr(1), "channel groups that do not mix", 1, 1 << 24}}),
          .infer = infer,
          .macs = [](const OpContext& c) {
            return product(c.output(0).shape) * product({c.shape(1)[1], c.shape(1)[2], c.shape(1)[3]});
          }};
}

}  // namespace frugal
