#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  const std::int64_t n = view.size * view.inner;
  const auto eps = static_cast<float>(attr_real(c.node, "eps"));
  auto run = [=, rows = view.outer, &table = c.kernels](const RunArgs& args) {
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, n));
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const float* x = args.f32_in(0) + row * n;
        float* y = args.f32_out() + row * n;
        const float factor = 1 / std::sqrt(table.reduce(Reduce::l2, n, x) / static_cast<float>(n) + eps);
        table.binary(Binary::mul, Operand::scalar, n, x, &factor, y);
        table.binary(Binary::mul, Operand::full, n, y, args.f32_in(1), y);
      }
    });
  };
  return {.run = run, .algorithm = "rows"};
}

}  // namespace

FRUGAL_ENGINE(rms_norm) { registry.add("rms_norm", {.compile = compile, .in_place = true}); }

}  // namespace frugal
