#include <cmath>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape x = c.in(0).shape;
  const std::int64_t inner = element_count({x.begin() + 2, x.end()});
  const auto eps = static_cast<float>(attr_real(c.node, "eps"));
  auto run = [=](const RunArgs& args) {
    const float *in = args.f32_in(0), *gamma = args.f32_in(1), *beta = args.f32_in(2), *mean = args.f32_in(3),
                *var = args.f32_in(4);
    float* out = args.f32_out();
    args.pool.parallel_for(x[0] * x[1], 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t plane = begin; plane < end; ++plane) {
        std::int64_t ch = plane % x[1];
        float scale = gamma[ch] / std::sqrt(var[ch] + eps), shift = beta[ch] - mean[ch] * scale;
        for (std::int64_t i = plane * inner; i < (plane + 1) * inner; ++i) out[i] = in[i] * scale + shift;
      }
    });
  };
  return {.run = run, .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(batch_norm) { registry.add("batch_norm", {.compile = compile, .in_place = true}); }

}  // namespace frugal
