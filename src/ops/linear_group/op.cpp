#include "ops/layer.h"

namespace frugal {
namespace {

std::vector<ValueType> infer(const OpContext& c) {
  std::vector<ValueType> out;
  for (std::size_t i = 1; i < c.input_count(); i += 2) {
    c.require(c.has(i), "weight {} is missing", i / 2);
    require_weight_type(c, i);
    out.push_back({DType::f32, linear_output(c, i)});
    c.require(!c.has(i + 1) || c.input(i + 1).dtype == DType::f32, "bias {} must be float32", i / 2);
    require_bias(c, i + 1, out.back().shape.back());
  }
  return out;
}

Dim macs(const OpContext& c) {
  Dim sum = 0;
  for (std::size_t i = 1; i < c.input_count(); i += 2) sum = sum + product(c.output(i / 2).shape) * c.shape(i)[1];
  return sum;
}

}  // namespace

FRUGAL_OP(linear_group) {
  return {
      .name = "linear_group",
      .doc = "Several linear layers of one x: weight [out, in] and bias [out] (or nothing) of each in turn.",
      .inputs = {{"x"}, {.name = "weights and biases", .optional = true, .variadic = true, .type = InputType::weight}},
      .attrs = {},
      .infer = infer,
      .macs = macs};
}

}  // namespace frugal
