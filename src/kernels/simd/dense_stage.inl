// Staging for kernels of dot products over channels (dense.inl, int8.inl): a few rows of the input at a time, padding
// filled in, columns that a stride visits together side by side, channels as dot products read them.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr std::int64_t kStagedBytes = 192 << 10;  // about what the second-level cache keeps beside the weights

// What the taps of a kernel see: rows of the staged input, each `phases` runs of `run` pixels.
struct Window {
  bool flat;  // 1x1 without padding: pixels are one long row
  std::int64_t in_blocks, phases, run, strips, strips_at_once;
  // `pixel_bytes`: of a staged pixel of one of `blocks` blocks.
  Window(const Conv2dShape& s, std::int64_t blocks, std::int64_t pixel_bytes) {
    flat = s.kernel_h == 1 && s.kernel_w == 1 && s.pad_top == 0 && s.pad_left == 0 &&
           (s.out_h - 1) * s.stride_h < s.in_h && (s.out_w - 1) * s.stride_w < s.in_w;
    in_blocks = blocks;
    phases = flat ? 1 : s.stride_w;
    run = flat ? 0 : s.out_w + (s.kernel_w - 1) * s.dilation_w / s.stride_w;
    strips = flat ? s.out_h * s.out_w : s.out_h;
    const std::int64_t bytes = in_blocks * pixel_bytes * (flat ? 1 : phases * run * s.stride_h);
    strips_at_once = kStagedBytes / (bytes > 0 ? bytes : 1);
    if (flat) strips_at_once = strips_at_once / kTileRows * kTileRows;
    const std::int64_t least = flat ? kTileRows : 1;
    if (strips_at_once < least) strips_at_once = least;
    if (strips_at_once > strips) strips_at_once = strips;
  }
  std::int64_t row_pixels() const { return phases * run; }
  std::int64_t rows(const Conv2dShape& s, std::int64_t count) const {
    return (count - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h + 1;
  }
  std::int64_t pixels(const Conv2dShape& s, std::int64_t count) const {  // of one block
    return flat ? count : rows(s, count) * row_pixels();
  }
};

// What a dot product is, K:
//   Args             arguments of the kernel: shape, in, weights, out, row_major, and what else it needs
//   In               an element of the input
//   kPixelBytes      of one block of a staged pixel
//   kAsIs            a staged pixel is the pixel as it lies in a map
//   stage(from, to, valid)  stages one block, of which `valid` channels mean something
//   padding(args)    what padding holds

template <typename K>
inline void stage_run(const typename K::In* from, std::int64_t step, std::int64_t count, std::uint8_t* to, int valid) {
  if (K::kAsIs && step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count * K::kPixelBytes));
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) K::stage(from + i * step * kLanes, to + i * K::kPixelBytes, valid);
}

inline int valid_lanes(std::int64_t channels, std::int64_t block) {
  const std::int64_t left = channels - block * kLanes;
  return static_cast<int>(left < kLanes ? left : kLanes);
}

// Calls f(to pixel, from pixel or -1, step, count) for the runs of a padded row's phases.
template <typename F>
inline void each_run(const Conv2dShape& s, const Window& w, F f) {
  for (std::int64_t phase = 0; phase < w.phases; ++phase) {
    const std::int64_t shift = s.pad_left - phase, step = s.stride_w;
    std::int64_t first = shift > 0 ? (shift + step - 1) / step : 0;
    std::int64_t last = s.in_w + shift > 0 ? (s.in_w + shift + step - 1) / step : 0;
    if (first > w.run) first = w.run;
    if (last > w.run) last = w.run;
    if (last < first) last = first;
    const std::int64_t at = phase * w.run;
    f(at, -1, step, first);
    if (last > first) f(at + first, first * step - shift, step, last - first);
    f(at + last, -1, step, w.run - last);
  }
}

template <typename K>
void stage_rows(const typename K::Args& a, const Window& w, std::int64_t image, std::int64_t first, std::int64_t count,
                std::uint8_t* to) {
  constexpr int kPixelBytes = K::kPixelBytes;
  const Conv2dShape& s = a.shape;
  typename K::In empty[kLanes];
  std::uint8_t pad[kPixelBytes];
  for (typename K::In& lane : empty) lane = K::padding(a);
  K::stage(empty, pad, kLanes);
  for (std::int64_t b = 0; b < w.in_blocks; ++b) {
    const auto* plane = a.in + (image * w.in_blocks + b) * s.in_h * s.in_w * kLanes;
    const int valid = valid_lanes(s.in_c, b);
    for (std::int64_t r = 0; r < w.rows(s, count); ++r, to += w.row_pixels() * kPixelBytes) {
      const std::int64_t y = first * s.stride_h - s.pad_top + r;
      auto fill = [&](std::int64_t at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) std::memcpy(to + (at + i) * kPixelBytes, pad, kPixelBytes);
      };
      if (y < 0 || y >= s.in_h) {
        fill(0, w.row_pixels());
        continue;
      }
      each_run(s, w, [&](std::int64_t at, std::int64_t from, std::int64_t step, std::int64_t n) {
        if (from < 0)
          fill(at, n);
        else
          stage_run<K>(plane + (y * s.in_w + from) * kLanes, step, n, to + at * kPixelBytes, valid);
      });
    }
  }
}

template <typename K>
void stage_flat(const typename K::Args& a, const Window& w, std::int64_t image, std::int64_t first, std::int64_t count,
                std::uint8_t* to) {
  constexpr int kPixelBytes = K::kPixelBytes;
  using In = typename K::In;
  const Conv2dShape& s = a.shape;
  if (a.row_major) {
    for (std::int64_t i = 0; i < count; ++i) {
      const In* row = a.in + (first + i) * s.in_c;
      for (std::int64_t b = 0; b < w.in_blocks; ++b) {
        const int valid = valid_lanes(s.in_c, b);
        In last[kLanes] = {};
        if (valid < kLanes) std::memcpy(last, row + b * kLanes, static_cast<std::size_t>(valid) * sizeof(In));
        K::stage(valid < kLanes ? last : row + b * kLanes, to + (b * count + i) * kPixelBytes, valid);
      }
    }
    return;
  }
  for (std::int64_t b = 0; b < w.in_blocks; ++b) {
    const auto* plane = a.in + (image * w.in_blocks + b) * s.in_h * s.in_w * kLanes;
    const int valid = valid_lanes(s.in_c, b);
    for (std::int64_t pixel = first; pixel < first + count;) {
      const std::int64_t y = pixel / s.out_w, x = pixel % s.out_w;
      std::int64_t n = s.out_w - x < first + count - pixel ? s.out_w - x : first + count - pixel;
      if (s.stride_w == 1 && s.stride_h == 1 && s.out_w == s.in_w) n = first + count - pixel;
      stage_run<K>(plane + (y * s.stride_h * s.in_w + x * s.stride_w) * kLanes, s.stride_w, n, to, valid);
      to += n * kPixelBytes;
      pixel += n;
    }
  }
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
