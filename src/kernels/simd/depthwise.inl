// Depthwise convolution on blocked maps: every lane is its own channel.
#pragma once

#include "kernels/simd/depthwise3.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kPixels = 8;  // sums in registers, beside a row of taps and a pixel

struct DepthwiseRow {
  TileStore to;           // of the row
  const float* in;        // row of the first tap that exists
  const float* weights;   // of that row, [kh][kw][c]
  std::int64_t taps;      // rows of taps that exist
  std::int64_t row_step;  // floats from one row of taps to the next in the input
  std::int64_t tile;      // pixels of a tile
};

alignas(64) constexpr float kNoPixel[kLanes] = {};

// K taps a row, stride S, no dilation: every pixel is loaded once a row and goes into all sums that it is part of.
// At a border, up to K / 2 columns on either side may not exist.
template <bool kBorder, int R, int K, int S>
__attribute__((always_inline)) inline void add_row(V (&acc)[R][1], const float* row, std::int64_t first,
                                                   std::int64_t width, const float* weights) {
  constexpr int kColumns = (R - 1) * S + K;
  const float *none = kNoPixel, *pixels = row + first * kLanes;
  asm("" : "+r"(none));  // else the compiler makes a branch of the choice between a pixel and zeros
  V tap[K];
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) tap[k] = load(weights + k * kLanes);
  auto pixel_at = [&](int column) __attribute__((always_inline)) {
    const float* from = pixels + column * kLanes;
    if (kBorder && column < K / 2 && first + column < 0) from = none;
    if (kBorder && column >= kColumns - K / 2 && first + column >= width) from = none;
    return load(from);
  };
  if constexpr (kLanes == 16) {  // registers for all pixels: a sum is not waited for
    V pixel[kColumns];
#pragma GCC unroll 40
    for (int column = 0; column < kColumns; ++column) pixel[column] = pixel_at(column);
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) {
#pragma GCC unroll 16
      for (int p = 0; p < R; ++p) acc[p][0] = fma(tap[k], pixel[p * S + k], acc[p][0]);
    }
  } else {
#pragma GCC unroll 40
    for (int column = 0; column < kColumns; ++column) {
      const V pixel = pixel_at(column);
#pragma GCC unroll 8
      for (int k = K - 1; k >= 0; --k)
        if (column >= k && (column - k) % S == 0 && (column - k) / S < R)
          acc[(column - k) / S][0] = fma(tap[k], pixel, acc[(column - k) / S][0]);
    }
  }
}

// Any kernel: tap by tap.
template <int R>
inline void add_taps(V (&acc)[R][1], const Conv2dShape& s, const float* row, std::int64_t first, const float* weights) {
  for (std::int64_t k = 0; k < s.kernel_w; ++k) {
    const V tap = load(weights + k * kLanes);
    std::int64_t x = first + k * s.dilation_w;
#pragma GCC unroll 16
    for (int p = 0; p < R; ++p, x += s.stride_w)
      acc[p][0] = fma(tap, load(x >= 0 && x < s.in_w ? row + x * kLanes : kNoPixel), acc[p][0]);
  }
}

template <bool kBorder, int R, int K, int S>
__attribute__((always_inline)) inline void add_rows(V (&acc)[R][1], const Conv2dShape& s, const DepthwiseRow& row,
                                                    std::int64_t first) {
  const float *in = row.in, *weights = row.weights;
  for (std::int64_t left = row.taps; left > 0; --left, in += row.row_step, weights += s.kernel_w * kLanes)
    if constexpr (K > 0)
      add_row<kBorder, R, K, S>(acc, in, first, s.in_w, weights);
    else
      add_taps(acc, s, in, first, weights);
}

// R pixels from column x on. K: taps of a row where they are few and not dilated, S: the stride then; else 0.
template <int R, int K, int S>
void depthwise_tile(const Conv2dArgs& args, const DepthwiseRow& row, std::int64_t x) {
  const Conv2dShape& s = args.shape;
  const std::int64_t first = x * s.stride_w - s.pad_left;
  V acc[R][1];
  clear(acc);
  if (K > 0 && first >= 0 && first + (R - 1) * S + K <= s.in_w)
    add_rows<false, R, K, S>(acc, s, row, first);
  else
    add_rows<true, R, K, S>(acc, s, row, first);
  finish_tile(acc, row.to, args.epilogue, x * kLanes);
}

template <int K, int S>
void depthwise_row(const Conv2dArgs& args, const DepthwiseRow& row) {
  const std::int64_t width = args.shape.out_w;
  for (std::int64_t x = 0; x < width; x += row.tile)
    with_rows<kPixels>(static_cast<int>(smaller(row.tile, width - x)),
                       [&]<int R>() { depthwise_tile<R, K, S>(args, row, x); });
}

using DepthwiseRowFunction = void (*)(const Conv2dArgs&, const DepthwiseRow&);

DepthwiseRowFunction depthwise_row_for(const Conv2dShape& s) {
  const std::int64_t beyond = (s.out_w - 1) * s.stride_w + s.kernel_w - s.pad_left - s.in_w;
  const bool plain = s.dilation_w == 1 && s.pad_left <= s.kernel_w / 2 && beyond <= s.kernel_w / 2;
  if (plain && s.stride_w == 1) {
    if (s.kernel_w == 5) return depthwise_row<5, 1>;
    if (s.kernel_w == 7) return depthwise_row<7, 1>;
  }
  if (plain && s.stride_w == 2) {
    if (s.kernel_w == 5) return depthwise_row<5, 2>;
  }
  return depthwise_row<0, 0>;
}

Extent depthwise_extent(const Conv2dShape& s) { return {blocks_of(s.out_c), s.batch * s.out_h}; }

// Rows [y, y_end) of a block.
void depthwise_rows(const Conv2dArgs& args, const float* in, const float* weights, TileStore to, std::int64_t y,
                    std::int64_t y_end) {
  const Conv2dShape& s = args.shape;
  const DepthwiseRowFunction run_row = depthwise_row_for(s);
  const std::int64_t tile = ceil_div(s.out_w, ceil_div(s.out_w, kPixels));  // about equal ones
  DepthwiseRow row{to, in, weights, 0, s.dilation_h * s.in_w * kLanes, tile};
  for (; y < y_end; ++y) {
    const std::int64_t first = y * s.stride_h - s.pad_top;
    std::int64_t ky, ky_end;
    valid_taps(first, s.dilation_h, s.kernel_h, s.in_h, &ky, &ky_end);
    row.in = in + (first + ky * s.dilation_h) * s.in_w * kLanes;
    row.weights = weights + ky * s.kernel_w * kLanes;
    row.taps = ky_end - ky;
    run_row(args, row);
    row.to.out += s.out_w * kLanes;
    if (row.to.residual) row.to.residual += s.out_w * kLanes;
  }
}

void depthwise(const Conv2dArgs& args, Extent begin, Extent end) {
  const Conv2dShape& s = args.shape;
  const auto run = !slides(s) ? depthwise_rows : s.stride_w == 1 ? depthwise3<1> : depthwise3<2>;
  for (std::int64_t block = begin.chunks; block < end.chunks; ++block)
    for (std::int64_t strip = begin.strips; strip < end.strips;) {
      const std::int64_t image = strip / s.out_h, y = strip - image * s.out_h;
      const std::int64_t y_end = smaller(end.strips - image * s.out_h, s.out_h);
      const float* in = args.in + (image * blocks_of(s.out_c) + block) * s.in_h * s.in_w * kLanes;
      const float* weights = args.weights + block * s.kernel_h * s.kernel_w * kLanes;
      run(args, in, weights, conv_store(args, image, block, 1, y, 0), y, y_end);
      strip += y_end - y;
    }
}

}  // namespace

void fill_depthwise(KernelTable& table) {
  table.conv_depthwise_extent = depthwise_extent;
  table.conv_depthwise = depthwise;
}

}  // namespace frugal::FRUGAL_SIMD
