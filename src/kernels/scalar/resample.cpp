#include "kernels/resample.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/tables.h"

namespace frugal {
namespace {

float step_of(const ResizeAxis& a) {
  if (a.coordinates == Coordinates::align_corners)
    return a.out > 1 ? static_cast<float>(a.in - 1) / static_cast<float>(a.out - 1) : 0;
  return a.scale > 0 ? static_cast<float>(1 / a.scale) : static_cast<float>(a.in) / static_cast<float>(a.out);
}

float source(const ResizeAxis& a, float step, std::int64_t d) {
  auto at = static_cast<float>(d);
  switch (a.coordinates) {
    case Coordinates::align_corners:
    case Coordinates::asymmetric: return step * at;
    case Coordinates::pytorch_half_pixel: return a.out > 1 ? step * (at + 0.5f) - 0.5f : 0;
    case Coordinates::half_pixel_symmetric: {
      const auto in = static_cast<float>(a.in);
      return in / 2 * (1 - static_cast<float>(a.out) * step / in) + step * (at + 0.5f) - 0.5f;
    }
    default: return step * (at + 0.5f) - 0.5f;
  }
}

void close_pixel(AxisTaps& taps) { taps.first.push_back(static_cast<std::int64_t>(taps.index.size())); }

float rounded(const ResizeAxis& a, float step, std::int64_t d) {
  const float x = source(a, step, d);
  switch (a.rounding) {
    case Rounding::floor: return std::floor(x);
    case Rounding::ceil: return std::ceil(x);
    case Rounding::prefer_floor: return std::ceil(x - 0.5f);
    case Rounding::prefer_ceil: return std::floor(x + 0.5f);
    case Rounding::of_coordinates: break;
  }
  if (a.coordinates == Coordinates::half_pixel) return std::floor((static_cast<float>(d) + 0.5f) * step);
  return std::floor(a.coordinates == Coordinates::asymmetric ? x : x + 0.5f);
}

}  // namespace

std::vector<std::int64_t> nearest_map(const ResizeAxis& a) {
  const float step = step_of(a);
  std::vector<std::int64_t> map;
  for (std::int64_t d = 0; d < a.out; ++d)
    map.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(rounded(a, step, d)), 0, a.in - 1));
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
    float weights[] = {cubic_far(a.cubic, t + 1), cubic_near(a.cubic, t), cubic_near(a.cubic, 1 - t),
                       cubic_far(a.cubic, 2 - t)};
    float total = 0;
    for (std::int64_t k = 0; k < 4; ++k) {
      const std::int64_t at = low + k - 1;
      if (a.exclude_outside && (at < 0 || at >= a.in)) weights[k] = 0;
      total += weights[k];
      taps.index.push_back(std::clamp<std::int64_t>(at, 0, a.in - 1));
    }
    for (float weight : weights) taps.weight.push_back(a.exclude_outside ? weight / total : weight);
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

namespace scalar {
namespace {

void resample(const ResampleArgs& a, std::int64_t row_begin, std::int64_t row_end, float* scratch) {
  const ResampleAxis &v = a.vertical, &h = a.horizontal;
  const std::int64_t width = h.in * a.lanes;
  for (std::int64_t row = row_begin; row < row_end; ++row) {
    const float* plane = a.in + row / v.out * v.in * width;
    std::fill(scratch, scratch + width, 0.0f);
    for (std::int64_t k = v.first[row % v.out]; k < v.first[row % v.out + 1]; ++k) {
      const float *line = plane + v.index[k] * width, weight = v.weight[k];
      for (std::int64_t i = 0; i < width; ++i) scratch[i] += weight * line[i];
    }
    float* to = a.out + row * h.out * a.lanes;
    for (std::int64_t x = 0; x < h.out; ++x, to += a.lanes) {
      std::fill(to, to + a.lanes, 0.0f);
      for (std::int64_t k = h.first[x]; k < h.first[x + 1]; ++k) {
        const float *from = scratch + h.index[k] * a.lanes, weight = h.weight[k];
        for (std::int64_t lane = 0; lane < a.lanes; ++lane) to[lane] += weight * from[lane];
      }
    }
  }
}

void scale_bytes(const ResampleAxis& down, const ResampleAxis& across, std::int64_t y, int channels,
                 const std::uint8_t* bytes, float* scratch, std::uint8_t* out) {
  const std::int64_t n = across.in * channels;
  std::fill(scratch, scratch + n, 0.0f);
  for (std::int64_t k = down.first[y]; k < down.first[y + 1]; ++k)
    for (std::int64_t i = 0; i < n; ++i)
      scratch[i] += down.weight[k] * static_cast<float>(bytes[down.index[k] * n + i]);
  for (std::int64_t x = 0; x < across.out; ++x)
    for (int c = 0; c < channels; ++c) {
      float sum = 0;
      for (std::int64_t k = across.first[x]; k < across.first[x + 1]; ++k)
        sum += across.weight[k] * scratch[across.index[k] * channels + c];
      *out++ = static_cast<std::uint8_t>(std::nearbyint(std::clamp(sum, 0.0f, 255.0f)));
    }
}

}  // namespace

void fill_resample(KernelTable& table) {
  table.resample = resample;
  table.scale_bytes = scale_bytes;
}

}  // namespace scalar
}  // namespace frugal
