#include <algorithm>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  const std::int64_t rows = view.outer, n = view.size * view.inner;
  const auto eps = static_cast<float>(attr_real(c.node, "eps"));
  const KernelTable& table = c.kernels;
  if (rows * n == 0) return {.run = [](const RunArgs&) {}, .algorithm = "empty"};
  auto run = [=, &table](const RunArgs& args) {
    args.pool.parallel_for(rows, std::max<std::int64_t>(1, kElementGrain / n),
                           [&](std::int64_t begin, std::int64_t end, int) {
                             table.layer_norm(end - begin, n, args.f32_in(0) + begin * n, args.f32_in(1),
                                              args.f32_in(2), eps, args.f32_out() + begin * n);
                           });
  };
  return {.run = run, .algorithm = "rows"};
}

}  // namespace

FRUGAL_ENGINE(layer_norm) { registry.add("layer_norm", {.compile = compile, .in_place = true}); }

}  // namespace frugal
