// Pooling and the two layout changes.
#pragma once

#include "kernels/simd/tables.h"

namespace frugal::FRUGAL_SIMD {
namespace {

struct Window {  // of the input, clipped to what exists
  std::int64_t y_begin, y_end, y_step, x_begin, x_end, x_step;
};

inline std::int64_t clip_begin(std::int64_t first, std::int64_t step) {
  return first >= 0 ? first : first + (-first + step - 1) / step * step;
}

inline Window window_at(const PoolArgs& a, std::int64_t y, std::int64_t x) {
  std::int64_t iy = y * a.stride_h - a.pad_top, ix = x * a.stride_w - a.pad_left;
  std::int64_t end_y = iy + a.kernel_h * a.dilation_h, end_x = ix + a.kernel_w * a.dilation_w;
  return {clip_begin(iy, a.dilation_h), end_y < a.in_h ? end_y : a.in_h, a.dilation_h,
          clip_begin(ix, a.dilation_w), end_x < a.in_w ? end_x : a.in_w, a.dilation_w};
}

inline std::int64_t steps(std::int64_t begin, std::int64_t end, std::int64_t step) {
  return end > begin ? (end - begin + step - 1) / step : 0;
}

// 1 / number of elements an average divides by.
inline float average_factor(const PoolArgs& a, const Window& w, std::int64_t y, std::int64_t x) {
  std::int64_t count = steps(w.y_begin, w.y_end, w.y_step) * steps(w.x_begin, w.x_end, w.x_step);
  if (a.kind == Pool::average_count_pad) {
    std::int64_t iy = y * a.stride_h - a.pad_top, ix = x * a.stride_w - a.pad_left;
    std::int64_t end_y = iy + a.kernel_h * a.dilation_h, end_x = ix + a.kernel_w * a.dilation_w;
    if (end_y > a.in_h + a.pad_bottom) end_y = a.in_h + a.pad_bottom;
    if (end_x > a.in_w + a.pad_right) end_x = a.in_w + a.pad_right;
    count = steps(iy, end_y, a.dilation_h) * steps(ix, end_x, a.dilation_w);
  }
  return 1.0f / static_cast<float>(count > 0 ? count : 1);
}

void pool_row_blocked(const PoolArgs& a, const float* plane, std::int64_t y, float* out) {
  for (std::int64_t x = 0; x < a.out_w; ++x, out += kLanes) {
    Window w = window_at(a, y, x);
    V result = a.kind == Pool::max ? set1(-__builtin_inff()) : zero();
    for (std::int64_t iy = w.y_begin; iy < w.y_end; iy += w.y_step)
      for (std::int64_t ix = w.x_begin; ix < w.x_end; ix += w.x_step) {
        V v = load(plane + (iy * a.in_w + ix) * kLanes);
        result = a.kind == Pool::max ? max(result, v) : add(result, v);
      }
    if (a.kind != Pool::max) result = mul(result, set1(average_factor(a, w, y, x)));
    store(out, result);
  }
}

void pool_row_plain(const PoolArgs& a, const float* plane, std::int64_t y, float* out) {
  for (std::int64_t x = 0; x < a.out_w; ++x) {
    Window w = window_at(a, y, x);
    float result = a.kind == Pool::max ? -__builtin_inff() : 0;
    for (std::int64_t iy = w.y_begin; iy < w.y_end; iy += w.y_step)
      for (std::int64_t ix = w.x_begin; ix < w.x_end; ix += w.x_step) {
        float v = plane[iy * a.in_w + ix];
        if (a.kind == Pool::max)
          result = result > v ? result : v;
        else
          result += v;
      }
    out[x] = a.kind == Pool::max ? result : result * average_factor(a, w, y, x);
  }
}

void pool(const PoolArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item / a.channels / a.out_h * a.channels + item % a.channels,
                       y = item / a.channels % a.out_h;
    const float* in = a.in + plane * a.in_h * a.in_w * a.lanes;
    float* out = a.out + (plane * a.out_h + y) * a.out_w * a.lanes;
    if (a.lanes == 1)
      pool_row_plain(a, in, y, out);
    else
      pool_row_blocked(a, in, y, out);
  }
}

// The channels of block b: at most kLanes.
inline int lanes_of(std::int64_t channels, std::int64_t b) {
  std::int64_t left = channels - b * kLanes;
  return static_cast<int>(left < kLanes ? left : kLanes);
}

void to_blocked(std::int64_t channels, std::int64_t pixels, const float* plain, float* blocked, std::int64_t begin,
                std::int64_t end) {
  for (std::int64_t b = begin; b < end; ++b) {
    const int lanes = lanes_of(channels, b);
    const float* from = plain + b * kLanes * pixels;
    float* to = blocked + b * kLanes * pixels;
    for (std::int64_t p = 0; p < pixels; p += kLanes) {
      int count = static_cast<int>(pixels - p < kLanes ? pixels - p : kLanes);
      for (int lane = 0; lane < kLanes; ++lane)
        for (int i = 0; i < count; ++i) to[(p + i) * kLanes + lane] = lane < lanes ? from[lane * pixels + p + i] : 0;
    }
  }
}

void to_plain(std::int64_t channels, std::int64_t pixels, const float* blocked, float* plain, std::int64_t begin,
              std::int64_t end) {
  for (std::int64_t b = begin; b < end; ++b) {
    const int lanes = lanes_of(channels, b);
    const float* from = blocked + b * kLanes * pixels;
    float* to = plain + b * kLanes * pixels;
    for (std::int64_t p = 0; p < pixels; p += kLanes) {
      int count = static_cast<int>(pixels - p < kLanes ? pixels - p : kLanes);
      for (int lane = 0; lane < lanes; ++lane)
        for (int i = 0; i < count; ++i) to[lane * pixels + p + i] = from[(p + i) * kLanes + lane];
    }
  }
}

}  // namespace

void fill_pool(KernelTable& table) {
  table.pool = pool;
  table.to_blocked = to_blocked;
  table.to_plain = to_plain;
}

}  // namespace frugal::FRUGAL_SIMD
