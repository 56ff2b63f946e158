#include <cmath>
#include <vector>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const std::int64_t rows = c.in(0).shape[0], dims = attr_int(c.node, "dims"), half = dims / 2;
  const bool wide = c.in(0).dtype == DType::i64;
  const double magnitude = attr_real(c.node, "magnitude");
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < half; ++i)
    frequencies.push_back(
        attr_real(c.node, "scale") *
        std::pow(attr_real(c.node, "base"), -2.0 * static_cast<double>(i) / static_cast<double>(dims)));
  const bool scaled = c.has(1);
  auto run = [=](const RunArgs& args) {
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto position = static_cast<double>(wide ? static_cast<const std::int64_t*>(args.in[0])[row]
                                                     : static_cast<const std::int32_t*>(args.in[0])[row]);
      float* out = args.f32_out() + row * dims;
      for (std::int64_t i = 0; i < half; ++i) {
        const double frequency = frequencies[static_cast<std::size_t>(i)];
        const double angle = position * (scaled ? frequency / static_cast<double>(args.f32_in(1)[i]) : frequency);
        out[i] = static_cast<float>(magnitude * std::cos(angle));
        out[half + i] = static_cast<float>(magnitude * std::sin(angle));
      }
    }
  };
  return {.run = run, .algorithm = "double"};
}

}  // namespace

FRUGAL_ENGINE(rotary_table) { registry.add("rotary_table", {.compile = compile}); }

}  // namespace frugal
