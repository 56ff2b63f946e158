#include <algorithm>
#include <cmath>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {
namespace {

std::int64_t argmax(const float* x, std::int64_t size, std::int64_t stride) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < size && !std::isnan(x[best * stride]); ++i)
    if (!(x[i * stride] <= x[best * stride])) best = i;  // also where x is NaN
  return best;
}

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  auto run = [view](const RunArgs& args) {
    auto* out = static_cast<std::int64_t*>(args.out[0]);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / view.size);
    args.pool.parallel_for(view.outer * view.inner, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i)
        out[i] =
            argmax(args.f32_in(0) + i / view.inner * view.size * view.inner + i % view.inner, view.size, view.inner);
    });
  };
  return {.run = run, .algorithm = "rows"};
}

}  // namespace

FRUGAL_ENGINE(argmax) { registry.add("argmax", {.compile = compile}); }

}  // namespace frugal
