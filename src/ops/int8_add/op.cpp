#include "ops/int8.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  c.require(c.input(0).dtype == DType::u8, "a must be uint8, not {}", name(c.input(0).dtype));
  require_residual(c, 1, c.shape(0));
  return {int8_output(c, c.shape(0))};
}

}  // namespace

FRUGAL_OP(int8_add) {
  return {
      .name = "int8_add",
      .doc =
          "activation((a - x_zero) * scale + b) of bytes of one shape, stored as int8_conv2d does; b is the residual.",
      .inputs = {{.name = "a", .type = InputType::any}, {.name = "b", .type = InputType::any}},
      .attrs = int8_store_attrs({{"x_zero", AttrType::integer, Attr(0), "what zero is in a", 0, 255},
                                 {"scale", AttrType::real, Attr(1.0), "of a"}}),
      .infer = infer};
}

}  // namespace frugal
