#include "ops/int8.h"
#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape y = linear_output(c);
  require_int8_layer(c, y.back());
  require_residual(c, 4, y);
  for (std::size_t i : {5, 6})
    c.require(!c.has(i) || (product(c.shape(i)) == Dim(1) && c.input(i).dtype == (i == 5 ? DType::u8 : DType::f32)),
              "{} of x must be one number", i == 5 ? "the zero point" : "the scale");
  return {int8_output(c, std::move(y))};
}

}  // namespace

FRUGAL_OP(int8_linear) {
  return {.name = "int8_linear",
          .doc =
              "x W^T of bytes over the last dim, with exact sums, stored as int8_conv2d does. Zero point and scale of "
              "x may be computed: inputs "
              "in place of the attribute and beside `scale`.",
          .inputs = {{.name = "x", .type = InputType::any},
                     {.name = "weight", .type = InputType::any},
                     {"scale"},
                     {"bias", true},
                     {.name = "residual", .optional = true, .type = InputType::any},
                     {.name = "x_zero", .optional = true, .type = InputType::any},
                     {"x_scale", true}},
          .attrs = int8_store_attrs({{"x_zero", AttrType::integer, Attr(0), "what zero is in x", 0, 255}}),
          .infer = infer,
          .macs = [](const OpContext& c) { return product(c.output(0).shape) * c.shape(1)[1]; }};
}

}  // namespace frugal
