#include "ops/int8.h"
#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape y = linear_output(c);
  SymShape rows = c.shape(0);
  rows.back() = 1;
  require_int8_layer(c, y.back(), &rows);
  require_residual(c, 4, y);
  return {int8_output(c, std::move(y))};
}

}  // namespace

FRUGAL_OP(int8_linear) {
  return {.name = "int8_linear",
          .doc =
              "x W^T of bytes over the last dim, with exact sums, stored as int8_conv2d does. Zero point and scale of "
              "x may be computed: inputs in place of the attribute and beside `scale`; there may be a scale for each "
              "row, [..., 1].",
          .inputs = int8_layer_inputs(),
          .attrs = int8_store_attrs({{"x_zero", AttrType::integer, Attr(0), "what zero is in x", 0, 255}}),
          .infer = infer,
          .macs = [](const OpContext& c) { return product(c.output(0).shape) * c.shape(1)[1]; }};
}

}  // namespace frugal
