#include <limits>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape x = c.in(0).shape, y = c.out().shape;
  const Ints kernel = attr_ints(c.node, "kernel"), stride = attr_ints(c.node, "stride"), pad = attr_ints(c.node, "padding");
  auto run = [=](const RunArgs& args) {
    args.pool.parallel_for(y[0] * y[1], 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t plane = begin; plane < end; ++plane) {
        const float* in = args.f32_in(0) + plane * x[2] * x[3];
        float* out = args.f32_out() + plane * y[2] * y[3];
        for (std::int64_t oy = 0; oy < y[2]; ++oy)
          for (std::int64_t ox = 0; ox < y[3]; ++ox) {
            float best = -std::numeric_limits<float>::infinity();
            for (std::int64_t ky = 0; ky < kernel[0]; ++ky)
              for (std::int64_t kx = 0; kx < kernel[1]; ++kx) {
                std::int64_t iy = oy * stride[0] - pad[0] + ky, ix = ox * stride[1] - pad[1] + kx;
                if (iy >= 0 && iy < x[2] && ix >= 0 && ix < x[3]) best = std::max(best, in[iy * x[3] + ix]);
              }
            out[oy * y[3] + ox] = best;
          }
      }
    });
  };
  return {.run = run, .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(max_pool2d) { registry.add("max_pool2d", {.compile = compile}); }

}  // namespace frugal
