#include "graph/op.h"
#include "kernels/typed.h"
#include "ops/activation.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const DType from = c.in(0).dtype, to = c.out().dtype;
  const std::int64_t n = element_count(c.out().shape);
  auto run = [=](const RunArgs& args) {
    args.pool.parallel_for(n, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
      cast_typed(from, to, end - begin,
                 static_cast<const std::byte*>(args.in[0]) + begin * dtype_info(from).block_bytes,
                 static_cast<std::byte*>(args.out[0]) + begin * dtype_info(to).block_bytes);
    });
  };
  return {.run = run, .algorithm = "scalar"};
}

}  // namespace

FRUGAL_ENGINE(cast) { registry.add("cast", {.compile = compile}); }

}  // namespace frugal
