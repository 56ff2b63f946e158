#include <cstring>

#include "graph/op.h"
#include "kernels/typed.h"
#include "ops/gather.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const NdSlices s = nd_slices(c.in(0).shape, c.in(1).shape, 0);
  const DType type = c.out().dtype, index_type = c.in(1).dtype;
  const std::int64_t bytes = s.slice * dtype_info(type).block_bytes;
  auto run = [=, all = c.out().bytes(), reduction = scatter_reduction(c.node)](const RunArgs& args) {
    auto* out = static_cast<std::byte*>(args.out[0]);
    if (out != args.in[0] && all) std::memcpy(out, args.in[0], all);
    const Indices indices(index_type, args.in[1]);
    for (std::int64_t i = 0; i < s.count && bytes; ++i) {  // in order: updates of one place meet each other
      const std::int64_t at = s.at(indices, i);
      if (at < 0) continue;
      std::byte* to = out + at * bytes;
      const std::byte* update = static_cast<const std::byte*>(args.in[2]) + i * bytes;
      if (reduction)
        binary_typed(*reduction, type, s.slice, to, 1, update, 1, to);
      else
        std::memcpy(to, update, static_cast<std::size_t>(bytes));
    }
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(scatter_nd) { registry.add("scatter_nd", {.compile = compile, .in_place = true}); }

}  // namespace frugal
