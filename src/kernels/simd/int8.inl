// 8-bit convolutions and linear layers. Input is staged a few rows at a time: padding filled in, columns that a stride
// visits together side by side, channels as dot products read them. Then every tile is R pixels x NB blocks of output
// channels without any bounds to look at, and an output is written once.
#pragma once

#include "kernels/simd/conv_common.inl"
#include "kernels/simd/int8_pairs.h"
#include "kernels/simd/int8_store.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kPixelBytes = kLanes * 4 / kStep;   // of a staged pixel of one block
constexpr int kDots = kPixelBytes / 4;            // dot products it takes
constexpr int kWeightBytes = kLanes * 4;          // of one block of output channels in one dot product
constexpr std::int64_t kStagedBytes = 192 << 10;  // about what the second-level cache keeps beside the weights
constexpr std::int64_t kMaxTaps = 256;            // kernels/int8.cpp takes no more

// What the taps of a kernel see: rows of the staged input, each `phases` runs of `run` pixels.
struct Window {
  bool flat;  // 1x1 without padding: pixels are one long row
  std::int64_t in_blocks, phases, run, strips, strips_at_once;
  explicit Window(const Int8Args& a, std::int64_t blocks) {
    const Conv2dShape& s = a.shape;
    flat = s.kernel_h == 1 && s.kernel_w == 1 && s.pad_top == 0 && s.pad_left == 0 &&
           (s.out_h - 1) * s.stride_h < s.in_h && (s.out_w - 1) * s.stride_w < s.in_w;
    in_blocks = blocks;
    phases = flat ? 1 : s.stride_w;
    run = flat ? 0 : s.out_w + (s.kernel_w - 1) * s.dilation_w / s.stride_w;
    strips = flat ? s.out_h * s.out_w : s.out_h;
    const std::int64_t bytes = in_blocks * kPixelBytes * (flat ? 1 : phases * run * s.stride_h);
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

// --- Staging ---

inline void stage_run(const std::uint8_t* from, std::int64_t step, std::int64_t count, std::uint8_t* to) {
  if (kPixelBytes == kLanes && step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count * kLanes));
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) stage_pixel(from + i * step * kLanes, to + i * kPixelBytes);
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

void stage_rows(const Int8Args& a, const Window& w, std::int64_t image, std::int64_t first, std::int64_t count,
                std::uint8_t* to) {
  const Conv2dShape& s = a.shape;
  std::uint8_t pad_bytes[kLanes], pad[kPixelBytes];
  std::memset(pad_bytes, a.in_zero, sizeof(pad_bytes));
  stage_pixel(pad_bytes, pad);
  for (std::int64_t b = 0; b < w.in_blocks; ++b) {
    const std::uint8_t* plane = a.in + (image * w.in_blocks + b) * s.in_h * s.in_w * kLanes;
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
          stage_run(plane + (y * s.in_w + from) * kLanes, step, n, to + at * kPixelBytes);
      });
    }
  }
}

void stage_flat(const Int8Args& a, const Window& w, std::int64_t image, std::int64_t first, std::int64_t count,
                std::uint8_t* to) {
  const Conv2dShape& s = a.shape;
  if (a.row_major) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint8_t* row = a.in + (first + i) * s.in_c;
      for (std::int64_t b = 0; b < w.in_blocks; ++b) {
        const std::int64_t left = s.in_c - b * kLanes;
        std::uint8_t bytes[kLanes] = {};
        if (left < kLanes) std::memcpy(bytes, row + b * kLanes, static_cast<std::size_t>(left));
        stage_pixel(left < kLanes ? bytes : row + b * kLanes, to + (b * count + i) * kPixelBytes);
      }
    }
    return;
  }
  for (std::int64_t b = 0; b < w.in_blocks; ++b) {
    const std::uint8_t* plane = a.in + (image * w.in_blocks + b) * s.in_h * s.in_w * kLanes;
    for (std::int64_t pixel = first; pixel < first + count;) {
      const std::int64_t y = pixel / s.out_w, x = pixel % s.out_w;
      std::int64_t n = s.out_w - x < first + count - pixel ? s.out_w - x : first + count - pixel;
      if (s.stride_w == 1 && s.stride_h == 1 && s.out_w == s.in_w) n = first + count - pixel;
      stage_run(plane + (y * s.stride_h * s.in_w + x * s.stride_w) * kLanes, s.stride_w, n, to);
      to += n * kPixelBytes;
      pixel += n;
    }
  }
}

// --- Dense ---

// What a tile reads: blocks of the input `plane` bytes apart, taps at `offsets` from a pixel.
struct Staged {
  const std::uint8_t* data;
  std::int64_t plane;
  std::int64_t taps;
  const std::int64_t* offsets;
};

// One loop around one body: unrolled further, or twice in the code, GCC 12 runs out of registers.
template <int R, int NB>
__attribute__((noinline)) void int8_tile(const Staged& in, const std::uint8_t* x, std::int64_t channels,
                                         const std::uint8_t* w, const std::int32_t* first, const Int8Store& to,
                                         const Int8Epilogue& e) {
  I acc[R][NB];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 2
    for (int b = 0; b < NB; ++b) acc[p][b] = load_i(first + b * kLanes);
  }
  for (; channels > 0; channels -= kLanes, x += in.plane) {
    const std::int64_t bytes = channels >= kLanes ? kPixelBytes : (channels + kStep - 1) / kStep * 4;
    for (std::int64_t t = 0; t < in.taps; ++t) {
      const std::uint8_t *at = x + in.offsets[t], *end = at + bytes;
#pragma GCC unroll 1
      do {
        I wv[NB];
#pragma GCC unroll 2
        for (int b = 0; b < NB; ++b) wv[b] = load_i(w + b * kWeightBytes);
#pragma GCC unroll 16
        for (int p = 0; p < R; ++p) {
          I xv = broadcast_i(at + p * kPixelBytes);
#pragma GCC unroll 2
          for (int b = 0; b < NB; ++b) acc[p][b] = dot(acc[p][b], xv, wv[b]);
        }
        w += NB * kWeightBytes;
        at += 4;
      } while (at != end);
    }
  }
  alignas(64) float sums[R * NB * kLanes];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) {
#pragma GCC unroll 2
    for (int b = 0; b < NB; ++b) store(sums + (p * NB + b) * kLanes, to_float(acc[p][b]));
  }
  finish_int8(sums, R, NB, to, e);
}

inline Int8Store int8_store(const Int8Args& a, std::int64_t image, std::int64_t block, int blocks, std::int64_t pixel) {
  const Conv2dShape& s = a.shape;
  const Int8Epilogue& e = a.epilogue;
  const std::int64_t pixels = s.out_h * s.out_w;
  const std::int64_t row = a.row_major ? s.out_c : kLanes, plane = a.row_major ? kLanes : pixels * kLanes;
  const std::int64_t at =
      a.row_major ? pixel * row + block * kLanes : (image * blocks_of(s.out_c) + block) * plane + pixel * kLanes;
  const std::int64_t left = s.out_c - (block + blocks - 1) * kLanes;
  auto byte_at = [at](const void* base, bool bytes) -> const void* {
    return bytes ? static_cast<const void*>(static_cast<const std::uint8_t*>(base) + at)
                 : static_cast<const void*>(static_cast<const float*>(base) + at);
  };
  return {const_cast<void*>(byte_at(a.out, e.quantized)),
          e.residual ? byte_at(e.residual, !e.residual_is_float) : nullptr,
          row,
          plane,
          e.multiplier + block * kLanes,
          e.bias + block * kLanes,
          static_cast<int>(left < kLanes ? left : kLanes),
          !a.row_major};
}

inline std::int64_t dots_of(std::int64_t channels) {  // of one tap
  return channels / kLanes * kDots + (channels % kLanes + kStep - 1) / kStep;
}

// `count` pixels from `x` on (bytes), which go to `pixel` and on.
template <int NB>
void dense_pixels(const Int8Args& a, const Staged& in, const std::uint8_t* x, std::int64_t channels,
                  const std::uint8_t* w, std::int64_t image, std::int64_t block, std::int64_t pixel,
                  std::int64_t count) {
  while (count > 0) {
    const int rows = next_tile(count);
    const Int8Store to = int8_store(a, image, block, NB, pixel);
    with_rows<kTileRows>(
        rows, [&]<int R>() { int8_tile<R, NB>(in, x, channels, w, a.first + block * kLanes, to, a.epilogue); });
    x += rows * kPixelBytes;
    pixel += rows;
    count -= rows;
  }
}

inline bool reads_input_itself(const Int8Args& a, const Window& w) {
  return w.flat && kPixelBytes == kLanes && !a.row_major && a.shape.stride_h == 1 && a.shape.stride_w == 1 &&
         a.shape.in_w == a.shape.out_w;
}

Extent dense_extent(const Int8Args& a) {
  const Conv2dShape& s = a.shape;
  return {s.groups * chunks_of(s.out_c / s.groups), s.batch * Window(a, blocks_of(s.in_c)).strips};
}

std::int64_t dense_scratch(const Int8Args& a) {
  const Window w(a, blocks_of(a.shape.in_c));
  return reads_input_itself(a, w) ? 0 : w.in_blocks * w.pixels(a.shape, w.strips_at_once) * kPixelBytes;
}

void dense(const Int8Args& a, Extent begin, Extent end, std::uint8_t* scratch) {
  const Conv2dShape& s = a.shape;
  const Window w(a, blocks_of(s.in_c));
  const bool in_place = reads_input_itself(a, w);
  const std::int64_t channels = s.in_c / s.groups, out_blocks = blocks_of(s.out_c / s.groups),
                     chunks = chunks_of(s.out_c / s.groups), row_bytes = w.row_pixels() * kPixelBytes;
  std::int64_t offsets[kMaxTaps] = {};
  for (std::int64_t ky = 0, t = 0; !w.flat && ky < s.kernel_h; ++ky)
    for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++t) {
      const std::int64_t x = kx * s.dilation_w;
      offsets[t] = ky * s.dilation_h * row_bytes + (x % s.stride_w * w.run + x / s.stride_w) * kPixelBytes;
    }
  const std::int64_t taps = s.kernel_h * s.kernel_w, block_weights = dots_of(channels) * taps * kWeightBytes;
  for (std::int64_t first = begin.strips, last; first < end.strips; first = last) {
    const std::int64_t image = first / w.strips, image_end = (image + 1) * w.strips, y = first - image * w.strips;
    last = first + w.strips_at_once < end.strips ? first + w.strips_at_once : end.strips;
    if (last > image_end) last = image_end;
    const std::int64_t count = last - first;
    Staged in{scratch, w.pixels(s, count) * kPixelBytes, taps, offsets};
    if (in_place)
      in = {a.in + (image * w.in_blocks * s.in_h * s.in_w + y) * kLanes, s.in_h * s.in_w * kLanes, taps, offsets};
    else
      w.flat ? stage_flat(a, w, image, y, count, scratch) : stage_rows(a, w, image, y, count, scratch);
    for (std::int64_t chunk = begin.chunks; chunk < end.chunks; ++chunk) {
      const std::int64_t group = chunk / chunks, in_group = chunk % chunks * 2, block = group * out_blocks + in_group;
      const auto* weights = static_cast<const std::uint8_t*>(a.weights) + block * block_weights;
      const std::uint8_t* x = in.data + group * (channels / kLanes) * in.plane;
      const bool pair = in_group + 1 < out_blocks;
      for (std::int64_t row = 0; row < (w.flat ? 1 : count); ++row) {
        const std::uint8_t* at = x + row * s.stride_h * row_bytes;
        const std::int64_t pixel = w.flat ? y : (y + row) * s.out_w, n = w.flat ? count : s.out_w;
        pair ? dense_pixels<2>(a, in, at, channels, weights, image, block, pixel, n)
             : dense_pixels<1>(a, in, at, channels, weights, image, block, pixel, n);
      }
    }
  }
}

#ifndef FRUGAL_INT8_PAIRS

// --- Depthwise: sums of few taps are exact in floats too, and need no pairs of channels ---

Extent depthwise_extent(const Int8Args& a) { return {blocks_of(a.shape.out_c), a.shape.batch * a.shape.out_h}; }

inline std::int64_t depthwise_rows(const Int8Args& a, const Window& w) {
  const std::int64_t rows = (32 << 10) / (w.row_pixels() * a.shape.stride_h * kLanes * 4);
  return rows < 1 ? 1 : rows > a.shape.out_h ? a.shape.out_h : rows;
}

inline Window depthwise_window(const Int8Args& a) {
  Window w(a, 1);
  w.flat = false;
  w.phases = a.shape.stride_w;
  w.run = a.shape.out_w + (a.shape.kernel_w - 1) * a.shape.dilation_w / a.shape.stride_w;
  return w;
}

std::int64_t depthwise_scratch(const Int8Args& a) {
  const Window w = depthwise_window(a);
  return w.rows(a.shape, depthwise_rows(a, w)) * w.row_pixels() * kLanes * 4;
}

template <int R>
void depthwise_tile(const float* x, std::int64_t taps, const std::int64_t* offsets, const float* weights,
                    const Int8Store& to, const Int8Epilogue& e) {
  V acc[R];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) acc[p] = zero();
  for (std::int64_t t = 0; t < taps; ++t) {
    const V w = load(weights + t * kLanes);
    const float* at = x + offsets[t];
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p) acc[p] = fma(load(at + p * kLanes), w, acc[p]);
  }
  alignas(64) float sums[R * kLanes];
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) store(sums + p * kLanes, acc[p]);
  finish_int8(sums, R, 1, to, e);
}

void depthwise8(const Int8Args& a, Extent begin, Extent end, std::uint8_t* scratch) {
  const Conv2dShape& s = a.shape;
  const Window w = depthwise_window(a);
  const std::int64_t step = depthwise_rows(a, w), blocks = blocks_of(s.in_c), taps = s.kernel_h * s.kernel_w,
                     row = w.row_pixels() * kLanes;
  auto* staged = reinterpret_cast<float*>(scratch);
  const V zero_point = set1(static_cast<float>(a.in_zero));
  std::int64_t offsets[kMaxTaps];
  for (std::int64_t ky = 0, t = 0; ky < s.kernel_h; ++ky)
    for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, ++t) {
      const std::int64_t x = kx * s.dilation_w;
      offsets[t] = ky * s.dilation_h * row + (x % s.stride_w * w.run + x / s.stride_w) * kLanes;
    }
  for (std::int64_t first = begin.strips, last; first < end.strips; first = last) {
    const std::int64_t image = first / s.out_h, y0 = first % s.out_h;
    last = first + step < end.strips ? first + step : end.strips;
    if (last > (image + 1) * s.out_h) last = (image + 1) * s.out_h;
    for (std::int64_t b = begin.chunks; b < end.chunks; ++b) {
      const std::uint8_t* plane = a.in + (image * blocks + b) * s.in_h * s.in_w * kLanes;
      float* to = staged;
      for (std::int64_t r = 0; r < w.rows(s, last - first); ++r, to += row) {
        const std::int64_t y = y0 * s.stride_h - s.pad_top + r;
        if (y < 0 || y >= s.in_h) {
          std::memset(to, 0, static_cast<std::size_t>(row) * sizeof(float));
          continue;
        }
        each_run(s, w, [&](std::int64_t at, std::int64_t from, std::int64_t stride, std::int64_t n) {
          for (std::int64_t i = 0; i < n; ++i)
            store(to + (at + i) * kLanes,
                  from < 0 ? zero() : sub(load_bytes(plane + (y * s.in_w + from + i * stride) * kLanes), zero_point));
        });
      }
      const float* weights = static_cast<const float*>(a.weights) + b * taps * kLanes;
      for (std::int64_t y = y0; y < y0 + last - first; ++y)
        for (std::int64_t x = 0; x < s.out_w;) {
          const int rows = next_tile(s.out_w - x);
          const Int8Store place = int8_store(a, image, b, 1, y * s.out_w + x);
          const float* at = staged + (y - y0) * s.stride_h * row + x * kLanes;
          with_rows<kTileRows>(rows,
                               [&]<int R>() { depthwise_tile<R>(at, taps, offsets, weights, place, a.epilogue); });
          x += rows;
        }
    }
  }
}

// --- Elementwise and pooling ---

constexpr std::int64_t kRun = 32;  // vectors handed to the store at once

void add8(const Int8AddArgs& args, std::int64_t begin, std::int64_t end) {
  const V a_zero = set1(static_cast<float>(args.a_zero));
  alignas(64) float sums[kRun * kLanes], multiplier[kLanes], bias[kLanes];
  store(multiplier, set1(*args.epilogue.multiplier));
  store(bias, set1(*args.epilogue.bias));
  const Int8Epilogue& e = args.epilogue;
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t left = end - at;
    int rows = left >= kLanes ? static_cast<int>(left / kLanes < kRun ? left / kLanes : kRun) : 1;
    const int lanes = static_cast<int>(left < kLanes ? left : kLanes);
    for (int r = 0; r < rows; ++r)
      store(sums + r * kLanes, sub(load_bytes_first(args.a + at + r * kLanes, lanes), a_zero));
    auto offset = [at](const void* p, bool bytes) {
      return bytes ? static_cast<const void*>(static_cast<const std::uint8_t*>(p) + at)
                   : static_cast<const void*>(static_cast<const float*>(p) + at);
    };
    const Int8Store to{const_cast<void*>(offset(args.out, e.quantized)),
                       e.residual ? offset(e.residual, !e.residual_is_float) : nullptr,
                       kLanes,
                       0,
                       multiplier,
                       bias,
                       lanes,
                       false};
    finish_int8(sums, rows, 1, to, e);
    at += static_cast<std::int64_t>(rows - 1) * kLanes + lanes;
  }
}

void quantize(std::int64_t n, const float* in, std::uint8_t* out, float scale, std::int32_t zero_point,
              std::int32_t low) {
  const V s = set1(scale), lo = set1(static_cast<float>(low - zero_point)),
          hi = set1(static_cast<float>(low + 255 - zero_point));
  // Bytes of -128..127 are those of 0..255 with the top bit turned.
  const I shift = set1_i(zero_point - low);
  const std::uint8_t flip = low < 0 ? 0x80 : 0;
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
    V v = min(max(div(load_first(in + i, lanes), s), lo), hi);
    store_bytes_first(out + i, v, shift, lanes);
  }
  if (flip)
    for (std::int64_t i = 0; i < n; ++i) out[i] ^= flip;
}

void dequantize(std::int64_t n, const std::uint8_t* in, float* out, float scale, std::int32_t zero_point,
                std::int32_t low) {
  const V s = set1(scale), z = set1(static_cast<float>(zero_point));
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
    V v;
    if (low < 0) {
      float values[kLanes] = {};
      for (int l = 0; l < lanes; ++l) values[l] = static_cast<float>(static_cast<std::int8_t>(in[i + l]));
      v = load(values);
    } else {
      v = load_bytes_first(in + i, lanes);
    }
    store_first(out + i, mul(sub(v, z), s), lanes);
  }
}

void quantize_to_blocked(std::int64_t channels, std::int64_t pixels, const float* in, std::uint8_t* out, float scale,
                         std::int32_t zero_point, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kPixels = 64;
  std::uint8_t rows[kLanes][kPixels] = {};
  for (std::int64_t b = begin; b < end; ++b) {
    const std::int64_t valid = channels - b * kLanes < kLanes ? channels - b * kLanes : kLanes;
    const std::int64_t filled = valid <= 4 ? 4 : kLanes;
    for (std::int64_t first = 0; first < pixels; first += kPixels) {
      const std::int64_t n = pixels - first < kPixels ? pixels - first : kPixels;
      for (std::int64_t c = 0; c < valid; ++c)
        quantize(n, in + (b * kLanes + c) * pixels + first, rows[c], scale, zero_point, 0);
      std::uint8_t* to = out + (b * pixels + first) * kLanes;
      if (filled == 4)
        for (std::int64_t p = 0; p < n; ++p, to += kLanes) {
          const std::uint8_t pixel[4] = {rows[0][p], rows[1][p], rows[2][p], rows[3][p]};
          std::memcpy(to, pixel, 4);
        }
      else
        for (std::int64_t p = 0; p < n; ++p, to += kLanes)
          for (std::int64_t c = 0; c < kLanes; ++c) to[c] = rows[c][p];
    }
  }
}

void max_pool8(const PoolArgs& a, const std::uint8_t* in, std::uint8_t* out, std::int64_t begin, std::int64_t end) {
  const std::int64_t in_plane = a.in_h * a.in_w * kLanes;
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item % a.channels, y = item / a.channels % a.out_h, image = item / a.channels / a.out_h;
    const std::uint8_t* from = in + (image * a.channels + plane) * in_plane;
    std::uint8_t* to = out + (((image * a.channels + plane) * a.out_h + y) * a.out_w) * kLanes;
    for (std::int64_t x = 0; x < a.out_w; ++x, to += kLanes) {
      __m128i most = _mm_setzero_si128();
      for (std::int64_t ky = 0; ky < a.kernel_h; ++ky) {
        const std::int64_t iy = y * a.stride_h - a.pad_top + ky * a.dilation_h;
        if (iy < 0 || iy >= a.in_h) continue;
        for (std::int64_t kx = 0; kx < a.kernel_w; ++kx) {
          const std::int64_t ix = x * a.stride_w - a.pad_left + kx * a.dilation_w;
          if (ix >= 0 && ix < a.in_w) most = _mm_max_epu8(most, load_lanes(from + (iy * a.in_w + ix) * kLanes));
        }
      }
      store_lanes(to, most);
    }
  }
}

#endif

}  // namespace

#ifndef FRUGAL_INT8_PAIRS
void fill_int8(KernelTable& table) {
  Int8Table& t = table.int8;
  t.quantize = quantize;
  t.dequantize = dequantize;
  t.quantize_to_blocked = quantize_to_blocked;
  t.step = kStep;
  t.weight_bytes = sizeof(Packed);
  t.dense_extent = dense_extent;
  t.dense = dense;
  t.dense_scratch = dense_scratch;
  t.depthwise_extent = depthwise_extent;
  t.depthwise = depthwise8;
  t.depthwise_scratch = depthwise_scratch;
  t.add = add8;
  t.max_pool = max_pool8;
}
#else
Int8Dense int8_pairs() { return {kStep, sizeof(Packed), dense_extent, dense, dense_scratch}; }
#endif

}  // namespace frugal::FRUGAL_SIMD
