#include <algorithm>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"
#include "ops/gather.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.out().shape, attr_int(c.node, "axis"));
  const auto on = static_cast<float>(attr_real(c.node, "on")), off = static_cast<float>(attr_real(c.node, "off"));
  auto run = [=, type = c.in(0).dtype](const RunArgs& args) {
    const Indices indices(type, args.in[0]);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, view.size));
    args.pool.parallel_for(view.outer * view.inner, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        float* out = args.f32_out() + i / view.inner * view.size * view.inner + i % view.inner;
        const std::int64_t at = indices.at(i, view.size);
        for (std::int64_t k = 0; k < view.size; ++k) out[k * view.inner] = k == at ? on : off;
      }
    });
  };
  return {.run = run, .algorithm = "lines"};
}

}  // namespace

FRUGAL_ENGINE(one_hot) { registry.add("one_hot", {.compile = compile}); }

}  // namespace frugal
