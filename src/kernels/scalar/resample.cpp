#include "kernels/resample.h"

#include <algorithm>
#include <cmath>

namespace frugal {
namespace {

float step_of(const ResizeAxis& a) {
  if (a.coordinates == Coordinates::align_corners)
    return a.out > 1 ? static_cast<float>(a.in - 1) / static_cast<float>(a.out - 1) : 0;
  return a.scale > 0 ? static_cast<float>(1 / a.scale) : static_cast<float>(a.in) / static_cast<float>(a.out);
}

float source(const ResizeAxis& a, float step, std::int64_t d) {
  auto at = static_cast<float>(d);
  return a.coordinates == Coordinates::half_pixel ? step * (at + 0.5f) - 0.5f : step * at;
}

void close_pixel(AxisTaps& taps) { taps.first.push_back(static_cast<std::int64_t>(taps.index.size())); }

// Keys, "Cubic convolution interpolation for digital image processing", 1981, for distances below 1 and up to 2.
constexpr float kA = -0.75f;
float cubic_near(float x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; }
float cubic_far(float x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; }

}  // namespace

std::vector<std::int64_t> nearest_map(const ResizeAxis& a) {
  const float step = step_of(a);
  std::vector<std::int64_t> map;
  for (std::int64_t d = 0; d < a.out; ++d) {
    auto at = static_cast<float>(d);
    float x = a.coordinates == Coordinates::half_pixel   ? (at + 0.5f) * step
              : a.coordinates == Coordinates::asymmetric ? at * step
                                                         : at * step + 0.5f;
    map.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(x)), 0, a.in - 1));
  }
  return map;
}

AxisTaps linear_taps(const ResizeAxis& a) {
  AxisTaps taps{.in_size = a.in, .index = {}, .weight = {}};
  const float step = step_of(a);
  for (std::int64_t d = 0; d < a.out; ++d) {
    const float x = std::max(source(a, step, d), 0.0f);
    const std::int64_t low = std::min(static_cast<std::int64_t>(x), a.in - 1), high = std::min(low + 1, a.in - 1);
    const float t = std::clamp(x - static_cast<float>(low), 0.0f, 1.0f);
    taps.index.insert(taps.index.end(), {low, high});
    taps.weight.insert(taps.weight.end(), {1 - t, t});
    close_pixel(taps);
  }
  return taps;
}

AxisTaps cubic_taps(const ResizeAxis& a) {
  AxisTaps taps{.in_size = a.in, .index = {}, .weight = {}};
  const float step = step_of(a);
  for (std::int64_t d = 0; d < a.out; ++d) {
    const float x = source(a, step, d);
    const std::int64_t low = std::min(static_cast<std::int64_t>(std::floor(x)), a.in - 1);
    const float t = std::clamp(x - static_cast<float>(low), 0.0f, 1.0f);
    for (std::int64_t k = -1; k <= 2; ++k) taps.index.push_back(std::clamp<std::int64_t>(low + k, 0, a.in - 1));
    taps.weight.insert(taps.weight.end(), {cubic_far(t + 1), cubic_near(t), cubic_near(1 - t), cubic_far(2 - t)});
    close_pixel(taps);
  }
  return taps;
}

AxisTaps window_taps(std::int64_t in, std::int64_t out) {
  AxisTaps taps{.in_size = in, .index = {}, .weight = {}};
  for (std::int64_t d = 0; d < out; ++d) {
    const std::int64_t begin = d * in / out, end = ((d + 1) * in + out - 1) / out;
    for (std::int64_t i = begin; i < end; ++i) {
      taps.index.push_back(i);
      taps.weight.push_back(1.0f / static_cast<float>(end - begin));
    }
    close_pixel(taps);
  }
  return taps;
}

void resample(const AxisTaps& vertical, const AxisTaps& horizontal, std::int64_t lanes, const float* in, float* out,
              std::int64_t row_begin, std::int64_t row_end, float* scratch) {
  const std::int64_t width = horizontal.in_size * lanes, out_w = horizontal.out_size(), out_h = vertical.out_size();
  for (std::int64_t row = row_begin; row < row_end; ++row) {
    const float* plane = in + row / out_h * vertical.in_size * width;
    std::fill(scratch, scratch + width, 0.0f);
    for (std::int64_t k = vertical.first[row % out_h]; k < vertical.first[row % out_h + 1]; ++k) {
      const float *line = plane + vertical.index[k] * width, weight = vertical.weight[k];
      for (std::int64_t i = 0; i < width; ++i) scratch[i] += weight * line[i];
    }
    float* to = out + row * out_w * lanes;
    for (std::int64_t x = 0; x < out_w; ++x, to += lanes) {
      std::fill(to, to + lanes, 0.0f);
      for (std::int64_t k = horizontal.first[x]; k < horizontal.first[x + 1]; ++k) {
        const float *from = scratch + horizontal.index[k] * lanes, weight = horizontal.weight[k];
        for (std::int64_t lane = 0; lane < lanes; ++lane) to[lane] += weight * from[lane];
      }
    }
  }
}

}  // namespace frugal
