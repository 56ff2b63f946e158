#include "ops/gather.h"

#include <algorithm>
#include <cstring>

#include "graph/op.h"
#include "ops/activation.h"
#include "ops/axis.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const AxisView view = axis_view(c.in(0).shape, attr_int(c.node, "axis"));
  const std::int64_t count = element_count(c.in(1).shape);
  const DType type = c.in(0).dtype, index_type = c.in(1).dtype;
  const std::int64_t bytes = view.inner * dtype_info(type).block_bytes;  // of a slice
  auto run = [=](const RunArgs& args) {
    const Indices indices(index_type, args.in[1]);
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, view.inner));
    args.pool.parallel_for(view.outer * count, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::byte* to = static_cast<std::byte*>(args.out[0]) + i * bytes;
        const std::int64_t at = indices.at(i % count, view.size);
        if (at < 0)
          fill_outside(type, view.inner, to);
        else
          std::memcpy(to, static_cast<const std::byte*>(args.in[0]) + (i / count * view.size + at) * bytes,
                      static_cast<std::size_t>(bytes));
      }
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(gather) { registry.add("gather", {.compile = compile}); }

}  // namespace frugal
