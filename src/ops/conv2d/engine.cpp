#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape x = c.in(0).shape, w = c.in(1).shape, y = c.out().shape;
  const Ints stride = attr_ints(c.node, "stride"), pad = attr_ints(c.node, "padding"), dilation = attr_ints(c.node, "dilation");
  const std::int64_t group_out = w[0] / attr_int(c.node, "groups");
  auto run = [=](const RunArgs& args) {
    const float *in = args.f32_in(0), *weight = args.f32_in(1), *bias = args.f32_in(2);
    float* out = args.f32_out();
    args.pool.parallel_for(y[0] * y[1], 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t plane = begin; plane < end; ++plane) {
        std::int64_t n = plane / y[1], o = plane % y[1], first = o / group_out * w[1];
        for (std::int64_t oy = 0; oy < y[2]; ++oy)
          for (std::int64_t ox = 0; ox < y[3]; ++ox) {
            float sum = bias ? bias[o] : 0;
            for (std::int64_t i = 0; i < w[1]; ++i)
              for (std::int64_t ky = 0; ky < w[2]; ++ky)
                for (std::int64_t kx = 0; kx < w[3]; ++kx) {
                  std::int64_t iy = oy * stride[0] - pad[0] + ky * dilation[0], ix = ox * stride[1] - pad[1] + kx * dilation[1];
                  if (iy < 0 || iy >= x[2] || ix < 0 || ix >= x[3]) continue;
                  sum += in[((n * x[1] + first + i) * x[2] + iy) * x[3] + ix] * weight[((o * w[1] + i) * w[2] + ky) * w[3] + kx];
                }
            out[(plane * y[2] + oy) * y[3] + ox] = sum;
          }
      }
    });
  };
  return {.run = run, .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(conv2d) { registry.add("conv2d", {.compile = compile}); }

}  // namespace frugal
