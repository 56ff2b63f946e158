#include <algorithm>
#include <cstring>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape& x = c.in(0).shape;
  const std::int64_t height = x[x.size() - 2], width = x.back(), k = attr_int(c.node, "k");
  const std::int64_t rows = element_count({x.begin(), x.end() - 1}), bytes = dtype_info(c.out().dtype).block_bytes;
  auto run = [=, upper = attr_flag(c.node, "upper")](const RunArgs& args) {
    args.pool.parallel_for(rows, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const auto* in = static_cast<const std::byte*>(args.in[0]) + row * width * bytes;
        auto* out = static_cast<std::byte*>(args.out[0]) + row * width * bytes;
        // Kept are columns [first, last).
        const std::int64_t diagonal = std::clamp<std::int64_t>(row % height + k + (upper ? 0 : 1), 0, width),
                           first = upper ? diagonal : 0, last = upper ? width : diagonal;
        std::memset(out, 0, static_cast<std::size_t>(width * bytes));
        std::memcpy(out + first * bytes, in + first * bytes, static_cast<std::size_t>((last - first) * bytes));
      }
    });
  };
  return {.run = run, .algorithm = "copy"};
}

}  // namespace

FRUGAL_ENGINE(trilu) { registry.add("trilu", {.compile = compile}); }

}  // namespace frugal
