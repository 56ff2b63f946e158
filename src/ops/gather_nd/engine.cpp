#include <algorithm>
#include <cstring>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/gather.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const NdSlices s = nd_slices(c.in(0).shape, c.in(1).shape, attr_int(c.node, "batch_dims"));
  const DType type = c.out().dtype, index_type = c.in(1).dtype;
  const std::int64_t bytes = s.slice * dtype_info(type).block_bytes;
  auto run = [=](const RunArgs& args) {
    const Indices indices(index_type, args.in[1]);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, s.slice));
    args.pool.parallel_for(s.count, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::byte* to = static_cast<std::byte*>(args.out[0]) + i * bytes;
        const std::int64_t at = s.at(indices, i);
        if (at < 0)
          fill_outside(type, s.slice, to);
        else
          std::memcpy(to, static_cast<const std::byte*>(args.in[0]) + at * bytes, static_cast<std::size_t>(bytes));
      }
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(gather_nd) { registry.add("gather_nd", {.compile = compile}); }

}  // namespace frugal
