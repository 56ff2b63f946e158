#include "ops/line.h"

#include <algorithm>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {

EngineOp line_op(std::function<std::function<void(const Line&)>(const Node&)> work) {
  auto compile = [work](const NodeContext& c) -> CompiledOp {
    const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
    const DType type = c.in(0).dtype;
    const auto element = dtype_info(type).block_bytes;
    auto run = [=, treat = work(c.node)](const RunArgs& args) {
      const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, view.size));
      args.pool.parallel_for(view.outer * view.inner, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t at = (i / view.inner * view.size * view.inner + i % view.inner) * element;
          treat({type, view.size, view.inner, static_cast<const std::byte*>(args.in[0]) + at,
                 static_cast<std::byte*>(args.out[0]) + at});
        }
      });
    };
    return {.run = run, .algorithm = "lines"};
  };
  return {.compile = compile};
}

}  // namespace frugal
