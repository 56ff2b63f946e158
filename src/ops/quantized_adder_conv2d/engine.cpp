#include <algorithm>
#include <cmath>
#include <memory>

#include "base/check.h"
#include "engine/engine_op.h"
#include "kernels/scalar/activation.h"
#include "ops/quantized_adder_conv2d/layer.h"

namespace frugal {
namespace {

// x [count] in steps: the numbers of the grid, and how far they exceed it.
void quantize(const AdderQuantizer& q, float step, const float* x, std::int64_t count, std::uint8_t* a,
              std::uint16_t* excess) {
  const float inverse = 1.0f / step, qmax = static_cast<float>(q.qmax);
  for (std::int64_t i = 0; i < count; ++i) {
    float value = x[i];
    if (q.limit > 0) value = std::min(value, q.limit);
    if (q.limit > 0 && q.zero > 0) value = std::max(value, -q.limit);
    value *= inverse;
    const float steps = (std::isnan(value) ? 0 : std::nearbyint(value)) + static_cast<float>(q.zero);
    a[i] = static_cast<std::uint8_t>(std::clamp(steps, 0.0f, qmax));
    excess[i] = static_cast<std::uint16_t>(std::clamp(steps - qmax, 0.0f, static_cast<float>(kMostExcess)));
  }
}

struct Window {
  Conv2dShape shape;

  // f(place in the image or -1, tap) for every tap of the output pixel (y, x).
  template <typename F>
  void each_tap(std::int64_t y, std::int64_t x, F f) const {
    for (std::int64_t c = 0, tap = 0; c < shape.in_c; ++c)
      for (std::int64_t ky = 0; ky < shape.kernel_h; ++ky)
        for (std::int64_t kx = 0; kx < shape.kernel_w; ++kx, ++tap) {
          const std::int64_t iy = y * shape.stride_h - shape.pad_top + ky * shape.dilation_h,
                             ix = x * shape.stride_w - shape.pad_left + kx * shape.dilation_w;
          const bool inside = iy >= 0 && iy < shape.in_h && ix >= 0 && ix < shape.in_w;
          f(inside ? (c * shape.in_h + iy) * shape.in_w + ix : -1, tap);
        }
  }
};

Window window_of(const NodeContext& c) {
  const Shape &x = c.in(0).shape, &y = c.out().shape;
  const Ints &kernel = attr_ints(c.node, "kernel"), &stride = attr_ints(c.node, "stride"),
             &pad = attr_ints(c.node, "padding"), &dilation = attr_ints(c.node, "dilation");
  Conv2dShape s;
  s.batch = x[0], s.in_c = x[1], s.in_h = x[2], s.in_w = x[3];
  s.out_c = y[1], s.out_h = y[2], s.out_w = y[3];
  s.kernel_h = kernel[0], s.kernel_w = kernel[1], s.stride_h = stride[0], s.stride_w = stride[1];
  s.pad_top = pad[0], s.pad_left = pad[1], s.dilation_h = dilation[0], s.dilation_w = dilation[1];
  return {s};
}

AdderLayer layer_of(const NodeContext& c) {
  const auto constant = [&](std::size_t i) { return c.has(i) ? c.constants[i] : nullptr; };
  for (std::size_t i = 1; i < 6; ++i)
    require(!c.has(i) || constant(i) || static_cast<int>(i) == c.residual_input,
            "node '{}': weight, step, group, bias and scale must be weights of the model", c.node.name);
  const auto floats = [&](std::size_t i) { return constant(i) ? constant(i)->data<float>() : nullptr; };
  return read_adder_layer(c.node, c.in(0).shape[1], c.out().shape[1],
                          {constant(1)->data<std::uint8_t>(), floats(2), constant(2)->numel(),
                           constant(3)->data<std::uint8_t>(), floats(4), floats(5)});
}

CompiledOp compile(const NodeContext& c) {
  const Window window = window_of(c);
  const auto layer = std::make_shared<const AdderLayer>(layer_of(c));
  const FusedStore store(c, FusedStore::kNoBias);
  const Conv2dShape& s = window.shape;
  const std::int64_t image = s.in_c * s.in_h * s.in_w, pixels = s.out_h * s.out_w,
                     groups = static_cast<std::int64_t>(layer->step.size());
  auto run = [=](const RunArgs& args) {
    const Epilogue e = store(args);
    auto* excess = reinterpret_cast<std::uint16_t*>(args.scratch);
    auto* a = reinterpret_cast<std::uint8_t*>(excess + image * groups);
    for (std::int64_t n = 0; n < s.batch; ++n) {
      for (std::int64_t g = 0; g < groups; ++g)
        quantize(layer->quantizer, layer->step[static_cast<std::size_t>(g)], args.f32_in(0) + n * image, image,
                 a + g * image, excess + g * image);
      args.pool.parallel_for(s.out_c * pixels, 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
          const auto t = static_cast<std::size_t>(i / pixels);
          const std::int64_t at = n * s.out_c * pixels + i, plane = layer->group[t] * image;
          const std::uint8_t* v = layer->v.data() + static_cast<std::int64_t>(t) * layer->taps;
          std::int64_t sum = 0;
          window.each_tap(i % pixels / s.out_w, i % s.out_w, [&](std::int64_t place, std::int64_t tap) {
            sum += std::abs((place < 0 ? layer->quantizer.zero : a[plane + place]) - v[tap]);
            if (layer->quantizer.restore && place >= 0) sum += excess[plane + place];
          });
          args.f32_out()[at] = scalar::finish(static_cast<float>(sum) * layer->factor[t] + layer->bias[t], e,
                                              static_cast<std::int64_t>(t), at);
        }
      });
    }
  };
  return {.run = run, .scratch_bytes = static_cast<std::size_t>(3 * image * groups), .algorithm = "reference"};
}

}  // namespace

FRUGAL_ENGINE(quantized_adder_conv2d) {
  registry.add("quantized_adder_conv2d", {.compile = compile, .fuses_activation = true, .fuses_residual = true});
}

}  // namespace frugal
