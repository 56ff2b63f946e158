#include <algorithm>
#include <cmath>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

CompiledOp compile(const NodeContext& c) {
  const Shape& x = c.in(0).shape;
  const std::int64_t inner = element_count({x.begin() + 2, x.end()}), channels = x[1], size = attr_int(c.node, "size");
  const auto scale = static_cast<float>(attr_real(c.node, "alpha") / static_cast<double>(size)),
             beta = static_cast<float>(attr_real(c.node, "beta")), bias = static_cast<float>(attr_real(c.node, "bias"));
  auto run = [=, images = x[0]](const RunArgs& args) {
    args.pool.parallel_for(images * channels, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t plane = begin; plane < end; ++plane) {
        const std::int64_t ch = plane % channels, first = std::max<std::int64_t>(0, ch - (size - 1) / 2),
                           last = std::min(channels - 1, ch + size / 2);
        const float *image = args.f32_in(0) + (plane - ch) * inner, *in = args.f32_in(0) + plane * inner;
        float* out = args.f32_out() + plane * inner;
        std::fill_n(out, inner, 0.0f);
        for (std::int64_t k = first; k <= last; ++k)
          for (std::int64_t i = 0; i < inner; ++i) out[i] += image[k * inner + i] * image[k * inner + i];
        for (std::int64_t i = 0; i < inner; ++i) out[i] = in[i] / std::pow(bias + scale * out[i], beta);
      }
    });
  };
  return {.run = run, .algorithm = "planes"};
}

}  // namespace

FRUGAL_ENGINE(lrn) { registry.add("lrn", {.compile = compile}); }

}  // namespace frugal
