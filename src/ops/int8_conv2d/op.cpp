#include "ops/int8.h"
#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape y = convolution_output(c);
  require_int8_layer(c, y[1]);
  c.require(!c.has(7) || c.integer("groups") == 1, "weights with zero points are for one group");
  require_residual(c, 4, y);
  return {int8_output(c, std::move(y))};
}

std::vector<AttrSpec> attributes() {
  std::vector<AttrSpec> attrs = convolution_attributes();
  attrs.insert(attrs.begin(), {"x_zero", AttrType::integer, Attr(0), "what zero is in x", 0, 255});
  return int8_store_attrs(std::move(attrs));
}

}  // namespace

FRUGAL_OP(int8_conv2d) {
  return {.name = "int8_conv2d",
          .doc =
              "Convolution of bytes with exact sums: activation(sum * scale + bias + residual), stored as bytes or "
              "floats. The compiler makes it of quantize_linear, conv2d and what follows.",
          .inputs = int8_layer_inputs(),
          .attrs = attributes(),
          .infer = infer,
          .macs = convolution_macs};
}

}  // namespace frugal
