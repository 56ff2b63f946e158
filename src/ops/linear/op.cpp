#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  SymShape y = linear_output(c);
  require_weight_type(c, 1);
  require_bias(c, 2, y.back());
  return {{c.input(0).dtype, std::move(y)}};
}

}  // namespace

FRUGAL_OP(linear) {
  return {
      .name = "linear",
      .doc = "x W^T + bias over the last dim; weight [out, in], of float32, 16 bits or block-quantised; bias [out].",
      .inputs = {{"x"}, {.name = "weight", .type = InputType::weight}, {"bias", true}},
      .attrs = {},
      .infer = infer,
      .macs = [](const OpContext& c) { return product(c.output(0).shape) * c.shape(1)[1]; }};
}

}  // namespace frugal
