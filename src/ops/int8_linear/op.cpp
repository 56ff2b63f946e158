#include "ops/int8.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require(!c.shape(0).empty(), "the input must have at least one dim");
  c.require_rank(1, 2);
  c.require(c.shape(0).back() == c.shape(1)[1], "the input's last dim is {}, but the weight [{}] takes {}",
            c.shape(0).back().text(), to_string(c.shape(1)), c.shape(1)[1].text());
  require_int8_layer(c, c.shape(1)[0]);
  SymShape y = c.shape(0);
  y.back() = c.shape(1)[0];
  require_residual(c, 4, y);
  return {int8_output(c, std::move(y))};
}

}  // namespace

FRUGAL_OP(int8_linear) {
  return {.name = "int8_linear",
          .doc = "x W^T of bytes over the last dim, with exact sums, stored as int8_conv2d does.",
          .inputs = {{.name = "x", .type = InputType::any},
                     {.name = "weight", .type = InputType::any},
                     {"scale"},
                     {"bias", true},
                     {.name = "residual", .optional = true, .type = InputType::any}},
          .attrs = int8_store_attrs({{"x_zero", AttrType::integer, Attr(0), "what zero is in x", 0, 255}}),
          .infer = infer,
          .macs = [](const OpContext& c) { return product(c.output(0).shape) * c.shape(1)[1]; }};
}

}  // namespace frugal
