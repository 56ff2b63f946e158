#include <algorithm>
#include <array>
#include <cmath>

#include "engine/engine_op.h"
#include "graph/op.h"

namespace frugal {
namespace {

enum class Outside { zeros, border, reflection };

struct Axis {
  std::int64_t size;
  Outside outside;
  bool corners;

  float place(float g) const {  // in pixels
    const auto n = static_cast<float>(size);
    return corners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
  }
  float reflected(float p) const {
    const float low = corners ? 0.0f : -0.5f, span = corners ? static_cast<float>(size - 1) : static_cast<float>(size);
    if (span == 0) return 0;
    const float from = std::fabs(p - low), extra = std::fmod(from, span);
    const bool back = static_cast<std::int64_t>(std::floor(from / span)) % 2 != 0;
    return back ? span - extra + low : extra + low;
  }
  // The place that is looked at instead; NaN and what no pixel is near to lie outside.
  float moved(float p) const {
    if (!std::isfinite(p)) p = outside == Outside::zeros ? -2.0f : 0.0f;
    if (outside == Outside::reflection) p = reflected(p);
    if (outside != Outside::zeros) return std::clamp(p, 0.0f, static_cast<float>(size - 1));
    return std::clamp(p, -4.0f, static_cast<float>(size) + 3);
  }
  // Index of a pixel, -1 for none.
  std::int64_t pixel(std::int64_t i) const { return i >= 0 && i < size ? i : -1; }
};

// Up to four pixels and their weights along an axis.
struct Taps {
  std::array<std::int64_t, 4> index{};
  std::array<float, 4> weight{};
  int count = 0;
  void add(std::int64_t i, float w) {
    index[static_cast<std::size_t>(count)] = i, weight[static_cast<std::size_t>(count++)] = w;
  }
};

Taps taps_of(const Axis& axis, const std::string& mode, float g) {
  Taps taps;
  const float raw = axis.place(g);
  if (mode == "nearest") {
    taps.add(axis.pixel(static_cast<std::int64_t>(std::nearbyint(axis.moved(raw)))), 1);
  } else if (mode == "bilinear") {
    const float p = axis.moved(raw), low = std::floor(p);
    taps.add(axis.pixel(static_cast<std::int64_t>(low)), 1 - (p - low));
    taps.add(axis.pixel(static_cast<std::int64_t>(low) + 1), p - low);
  } else {  // Keys with a = -0.75; every tap is moved by itself
    const float p = std::isfinite(raw) ? std::clamp(raw, -1e6f, 1e6f) : -1e6f, low = std::floor(p), t = p - low;
    constexpr float a = -0.75f;
    auto near = [](float x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
    auto far = [](float x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
    const float weights[] = {far(t + 1), near(t), near(1 - t), far(2 - t)};
    for (int k = 0; k < 4; ++k) {
      const float at = low + static_cast<float>(k - 1);
      const float to = axis.outside == Outside::zeros ? at : axis.moved(at);
      taps.add(axis.pixel(static_cast<std::int64_t>(std::nearbyint(to))), weights[k]);
    }
  }
  return taps;
}

CompiledOp compile(const NodeContext& c) {
  const Shape &x = c.in(0).shape, y = c.out().shape;
  const std::string mode = attr_text(c.node, "mode"), padding = attr_text(c.node, "padding_mode");
  const Outside outside = padding == "zeros"    ? Outside::zeros
                          : padding == "border" ? Outside::border
                                                : Outside::reflection;
  const bool corners = attr_flag(c.node, "align_corners");
  const Axis vertical{x[2], outside, corners}, horizontal{x[3], outside, corners};
  auto run = [=, channels = x[1]](const RunArgs& args) {
    const std::int64_t points = y[2] * y[3], plane = vertical.size * horizontal.size;
    args.pool.parallel_for(y[0] * points, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float* g = args.f32_in(1) + 2 * i;
        const Taps across = taps_of(horizontal, mode, g[0]), down = taps_of(vertical, mode, g[1]);
        const std::int64_t image = i / points;
        for (std::int64_t ch = 0; ch < channels; ++ch) {
          const float* in = args.f32_in(0) + (image * channels + ch) * plane;
          float sum = 0;
          for (std::size_t v = 0; v < static_cast<std::size_t>(down.count); ++v)
            for (std::size_t h = 0; h < static_cast<std::size_t>(across.count); ++h)
              if (down.index[v] >= 0 && across.index[h] >= 0)
                sum += down.weight[v] * across.weight[h] * in[down.index[v] * horizontal.size + across.index[h]];
          args.f32_out()[(image * channels + ch) * points + i % points] = sum;
        }
      }
    });
  };
  return {.run = run, .algorithm = "scalar"};
}

}  // namespace

FRUGAL_ENGINE(grid_sample) { registry.add("grid_sample", {.compile = compile}); }

}  // namespace frugal
