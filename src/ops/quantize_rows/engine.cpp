#include <algorithm>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {
namespace {

// Where a row is all zeros any scale does.
constexpr float kLeastScale = 1e-30f;

CompiledOp compile(const NodeContext& c) {
  const Shape& x = c.in(0).shape;
  const std::int64_t n = x.back(), rows = element_count(c.out(1).shape);
  const auto zero = static_cast<std::int32_t>(attr_int(c.node, "zero_point"));
  if (rows == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  auto run = [n, rows, zero, reduce = c.kernels.reduce, quantize = c.kernels.int8.quantize](const RunArgs& args) {
    auto* q = static_cast<std::uint8_t*>(args.out[0]);
    const auto above = static_cast<float>(255 - zero), below = static_cast<float>(-zero);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(n, 1));
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const float* from = args.f32_in(0) + row * n;
        float scale = kLeastScale;
        if (n > 0 && zero < 255) scale = std::max(scale, reduce(Reduce::max, n, from) / above);
        if (n > 0 && zero > 0) scale = std::max(scale, reduce(Reduce::min, n, from) / below);
        args.f32_out(1)[row] = scale;
        quantize(n, from, q + row * n, scale, zero, 0);
      }
    });
  };
  return {.run = run, .algorithm = "rows"};
}

}  // namespace

FRUGAL_ENGINE(quantize_rows) { registry.add("quantize_rows", {.compile = compile}); }

}  // namespace frugal
