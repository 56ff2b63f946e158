#include "ops/rearrange.h"

#include "kernels/copy.h"
#include "ops/layout.h"

namespace frugal {

EngineOp rearranging_op(std::function<Rearrangement(const NodeContext&)> plan) {
  auto compile = [plan](const NodeContext& c) -> CompiledOp {
    const Rearrangement r = plan(c);
    const auto element = static_cast<std::size_t>(dtype_info(c.out().dtype).block_bytes);
    CopyPlan copy(r.size, r.stride, dense_strides(r.size), element);
    auto run = [copy, first = r.offset * static_cast<std::int64_t>(element)](const RunArgs& args) {
      args.pool.parallel_for(copy.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
        copy.run(static_cast<const std::byte*>(args.in[0]) + first, args.out[0], begin, end);
      });
    };
    return {.run = run, .algorithm = "copy"};
  };
  return {.compile = compile};
}

}  // namespace frugal
