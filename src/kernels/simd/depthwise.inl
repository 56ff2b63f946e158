// Depthwise convolution on blocked maps: every lane is its own channel.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr int kPixels = 8;

struct DepthwiseRow {
  const float* in;       // the channel block's plane
  const float* weights;  // [kh][kw][c]
  std::int64_t image, block, y;
  std::int64_t ky_begin, ky_end;  // taps whose row exists
};

// R pixels from column x on, taps [kx_begin, kx_end), all inside the row. S: stride, 0 where not 1 or 2.
template <int R, int S>
void depthwise_tile(const Conv2dArgs& args, const DepthwiseRow& row, std::int64_t x, std::int64_t kx_begin,
                    std::int64_t kx_end) {
  const Conv2dShape& s = args.shape;
  const std::int64_t step = (S ? S : s.stride_w) * kLanes;
  V acc[R][1];
  clear(acc);
  for (std::int64_t ky = row.ky_begin; ky < row.ky_end; ++ky) {
    const std::int64_t iy = row.y * s.stride_h - s.pad_top + ky * s.dilation_h;
    const float* in = row.in + (iy * s.in_w + x * s.stride_w - s.pad_left) * kLanes;
    const float* w = row.weights + ky * s.kernel_w * kLanes;
    for (std::int64_t kx = kx_begin; kx < kx_end; ++kx) {
      V tap = load(w + kx * kLanes);
      const float* pixel = in + kx * s.dilation_w * kLanes;
#pragma GCC unroll 8
      for (int p = 0; p < R; ++p) acc[p][0] = fma(tap, load(pixel + p * step), acc[p][0]);
    }
  }
  finish_tile(acc, conv_store(args, row.image, row.block, 1, row.y, x), args.epilogue);
}

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
inline std::int64_t at_least_zero(std::int64_t a) { return a < 0 ? 0 : a; }
inline std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// Taps k of a window starting at `first` that fall into [0, size).
inline void valid_taps(std::int64_t first, std::int64_t dilation, std::int64_t kernel, std::int64_t size,
                       std::int64_t* begin, std::int64_t* end) {
  *begin = first < 0 ? smaller(kernel, ceil_div(-first, dilation)) : 0;
  *end = first < size ? smaller(kernel, ceil_div(size - first, dilation)) : 0;
  if (*end < *begin) *end = *begin;
}

template <int S>
void depthwise_row(const Conv2dArgs& args, const DepthwiseRow& row) {
  const Conv2dShape& s = args.shape;
  // Pixels [inner, outer) see only columns that exist.
  const std::int64_t inner = smaller(s.out_w, ceil_div(s.pad_left, s.stride_w));
  const std::int64_t last = s.in_w - 1 - (s.kernel_w - 1) * s.dilation_w + s.pad_left;
  std::int64_t outer = last < 0 ? 0 : smaller(s.out_w, last / s.stride_w + 1);
  if (outer < inner) outer = inner;
  for (std::int64_t x = 0; x < s.out_w;) {
    if (x >= inner && x < outer) {
      int pixels = static_cast<int>(smaller(kPixels, outer - x));
      with_rows<kPixels>(pixels, [&]<int R>() { depthwise_tile<R, S>(args, row, x, 0, s.kernel_w); });
      x += pixels;
    } else {
      std::int64_t begin, end;
      valid_taps(x * s.stride_w - s.pad_left, s.dilation_w, s.kernel_w, s.in_w, &begin, &end);
      depthwise_tile<1, S>(args, row, x, begin, end);
      ++x;
    }
  }
}

Extent depthwise_extent(const Conv2dShape& s) { return {blocks_of(s.out_c), s.batch * s.out_h}; }

void depthwise(const Conv2dArgs& args, Extent begin, Extent end) {
  const Conv2dShape& s = args.shape;
  for (std::int64_t block = begin.chunks; block < end.chunks; ++block)
    for (std::int64_t strip = begin.strips; strip < end.strips; ++strip) {
      const std::int64_t image = strip / s.out_h;
      DepthwiseRow row{args.in + (image * blocks_of(s.out_c) + block) * s.in_h * s.in_w * kLanes,
                       args.weights + block * s.kernel_h * s.kernel_w * kLanes,
                       image,
                       block,
                       strip % s.out_h,
                       0,
                       0};
      valid_taps(row.y * s.stride_h - s.pad_top, s.dilation_h, s.kernel_h, s.in_h, &row.ky_begin, &row.ky_end);
      if (s.stride_w == 1)
        depthwise_row<1>(args, row);
      else if (s.stride_w == 2)
        depthwise_row<2>(args, row);
      else
        depthwise_row<0>(args, row);
    }
}

}  // namespace

void fill_depthwise(KernelTable& table) {
  table.conv_depthwise_extent = depthwise_extent;
  table.conv_depthwise = depthwise;
}

}  // namespace frugal::FRUGAL_SIMD
