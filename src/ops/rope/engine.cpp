#include <algorithm>

#include "engine/engine_op.h"
#include "graph/op.h"
#include "ops/activation.h"

namespace frugal {
namespace {

// The elements of a pair lie `step` apart, pairs `stride` apart.
void turn(const float* x, float* y, const float* table, std::int64_t half, std::int64_t step, std::int64_t stride) {
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = x[i * stride], b = x[i * stride + step];
    y[i * stride] = a * table[i] - b * table[half + i];
    y[i * stride + step] = a * table[half + i] + b * table[i];
  }
}

CompiledOp compile(const NodeContext& c) {
  const std::int64_t rows = c.in(0).shape[0], width = c.in(0).shape[1], dims = c.in(1).shape[1], half = dims / 2;
  const std::int64_t depth = attr_int(c.node, "head_depth");
  const bool interleaved = attr_flag(c.node, "interleaved");
  auto run = [=](const RunArgs& args) {
    const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, width));
    args.pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row)
        for (std::int64_t at = row * width; at < (row + 1) * width; at += depth) {
          const float* x = args.f32_in(0) + at;
          float* y = args.f32_out() + at;
          if (interleaved)
            turn(x, y, args.f32_in(1) + row * dims, half, 1, 2);
          else
            turn(x, y, args.f32_in(1) + row * dims, half, half, 1);
          if (x != y) std::copy(x + dims, x + depth, y + dims);
        }
    });
  };
  return {.run = run, .algorithm = "rows"};
}

}  // namespace

FRUGAL_ENGINE(rope) { registry.add("rope", {.compile = compile, .in_place = true}); }

}  // namespace frugal
