#include <algorithm>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "kernels/nms.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const std::int64_t count = c.in(0).shape[1], classes = c.in(1).shape[1], lists = c.in(1).shape[0] * classes;
  const NmsLimits limits{std::min(attr_int(c.node, "most"), count), static_cast<float>(attr_real(c.node, "iou")),
                         static_cast<float>(attr_real(c.node, "score")), attr_flag(c.node, "centre")};
  // Scratch: how many of each list stay, which, and an order for each thread.
  auto run = [=](const RunArgs& args) {
    auto* found = reinterpret_cast<std::int64_t*>(args.scratch);
    std::int64_t *kept = found + lists, *orders = kept + lists * limits.most;
    args.pool.parallel_for(lists, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t i = begin; i < end; ++i)
        found[i] = suppress_overlapping(args.f32_in(0) + i / classes * count * 4, args.f32_in(1) + i * count, count,
                                        limits, orders + thread * count, kept + i * limits.most);
    });
    auto* out = static_cast<std::int64_t*>(args.out[0]);
    std::int64_t rows = 0;
    for (std::int64_t i = 0; i < lists; ++i)
      for (std::int64_t k = 0; k < found[i]; ++k, ++rows) {
        const std::int64_t row[] = {i / classes, i % classes, kept[i * limits.most + k]};
        std::copy_n(row, 3, out + 3 * rows);
      }
    std::fill(out + 3 * rows, out + 3 * lists * limits.most, -1);
  };
  return {.run = run,
          .scratch_bytes = static_cast<std::size_t>(lists * (1 + limits.most) + count * c.threads) * 8,
          .algorithm = "greedy"};
}

}  // namespace

FRUGAL_ENGINE(non_max_suppression) { registry.add("non_max_suppression", {.compile = compile}); }

}  // namespace frugal
