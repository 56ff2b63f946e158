// Convolutions whose register tile is R output pixels of one row x NB blocks of output channels.
// All taps and input channels are summed in registers, so an output is written once.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// A 1x1 convolution with stride 1 sees the map as one long row; it is cut into strips.
constexpr std::int64_t kStrip = kTileRows * 4;
inline bool is_flat(const Conv2dShape& s) {
  return s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 && s.stride_w == 1 && s.pad_top == 0 && s.pad_left == 0 &&
         s.out_h == s.in_h && s.out_w == s.in_w;
}

// One work item: output pixels [x, end) of row y (of the flat row, where flat) and a chunk of channels.
struct Strip {
  std::int64_t image, group, chunk, y, x, end;
};

inline std::int64_t strips_a_chunk(const Conv2dShape& s) {
  return is_flat(s) ? (s.out_h * s.out_w + kStrip - 1) / kStrip : s.out_h;
}

inline Strip strip_at(const Conv2dShape& s, std::int64_t item) {
  std::int64_t strips = strips_a_chunk(s), chunks = chunks_of(s.out_c / s.groups);
  Strip strip{item / strips / chunks / s.groups, item / strips / chunks % s.groups, item / strips % chunks,
              item % strips, 0, s.out_w};
  if (is_flat(s)) {
    std::int64_t pixels = s.out_h * s.out_w;
    strip.x = strip.y * kStrip;
    strip.end = strip.x + kStrip < pixels ? strip.x + kStrip : pixels;
    strip.y = 0;
  }
  return strip;
}

// Copies `count` pixels that lie `step` apart, from column x on, to where a tile with that pixel step
// expects them; outside the row they are zero.
inline void stage_pixels(const float* row, std::int64_t x, std::int64_t step, std::int64_t width, int count,
                         float* to, int to_step) {
  for (int p = 0; p < count; ++p, x += step)
    store(to + p * to_step, x >= 0 && x < width ? load(row + x * kLanes) : zero());
}

// S: the stride where it is 1 or 2; 0 for others, whose pixels are always staged.
template <int R, int NB, int S>
void direct_tile(const Conv2dArgs& args, const Strip& strip, std::int64_t x) {
  const Conv2dShape& s = args.shape;
  constexpr int kStep = (S ? S : 1) * kLanes;
  const bool flat = is_flat(s);
  const std::int64_t height = flat ? 1 : s.in_h, width = flat ? s.in_h * s.in_w : s.in_w;
  const std::int64_t in_c = s.in_c / s.groups, plane = s.in_h * s.in_w * kLanes, in_blocks = blocks_of(in_c);
  const float* in = args.in + (strip.image * blocks_of(s.in_c) + strip.group * in_blocks) * plane;
  const std::int64_t block = strip.group * blocks_of(s.out_c / s.groups) + strip.chunk * 2;
  const float* w = args.weights + block * in_blocks * s.kernel_h * s.kernel_w * kLanes * kLanes;
  const std::int64_t first_y = strip.y * s.stride_h - s.pad_top, first_x = x * s.stride_w - s.pad_left;

  alignas(64) float staged[R * kStep];
  V acc[R][NB];
  clear(acc);
  for (std::int64_t b = 0; b < in_blocks; ++b, in += plane) {
    const std::int64_t channels = in_c - b * kLanes < kLanes ? in_c - b * kLanes : kLanes;
    for (std::int64_t ky = 0; ky < s.kernel_h; ++ky) {
      const std::int64_t iy = first_y + ky * s.dilation_h;
      if (iy < 0 || iy >= height) {
        w += s.kernel_w * kLanes * NB * kLanes;
        continue;
      }
      const float* row = in + iy * width * kLanes;
      for (std::int64_t kx = 0; kx < s.kernel_w; ++kx, w += kLanes * NB * kLanes) {
        const std::int64_t ix = first_x + kx * s.dilation_w;
        const float* pixels = row + ix * kLanes;
        if (S == 0 || ix < 0 || ix + (R - 1) * S >= width) {
          if (ix >= width || ix + (R - 1) * s.stride_w < 0) continue;
          stage_pixels(row, ix, s.stride_w, width, R, staged, kStep);
          pixels = staged;
        }
        accumulate(acc, pixels, kStep, 1, w, NB * kLanes, channels);
      }
    }
  }
  finish_tile(acc, conv_store(args, strip.image, block, NB, strip.y, x), args.epilogue);
}

template <int NB, int S>
void direct_strip(const Conv2dArgs& args, const Strip& strip) {
  for (std::int64_t x = strip.x; x < strip.end;) {
    int rows = next_tile(strip.end - x);
    with_rows<kTileRows>(rows, [&]<int R>() { direct_tile<R, NB, S>(args, strip, x); });
    x += rows;
  }
}

std::int64_t direct_items(const Conv2dShape& s) {
  return s.batch * s.groups * chunks_of(s.out_c / s.groups) * strips_a_chunk(s);
}

void direct(const Conv2dArgs& args, std::int64_t begin, std::int64_t end) {
  const Conv2dShape& s = args.shape;
  for (std::int64_t item = begin; item < end; ++item) {
    Strip strip = strip_at(s, item);
    bool pair = strip.chunk * 2 + 1 < blocks_of(s.out_c / s.groups);
    if (s.stride_w == 1) pair ? direct_strip<2, 1>(args, strip) : direct_strip<1, 1>(args, strip);
    else if (s.stride_w == 2) pair ? direct_strip<2, 2>(args, strip) : direct_strip<1, 2>(args, strip);
    else pair ? direct_strip<2, 0>(args, strip) : direct_strip<1, 0>(args, strip);
  }
}

// --- Plain input: the row of taps is the inner loop ---

constexpr int kRowSegment = 512;  // floats; conv2d.cpp bounds kernels by kMaxPlainReach

template <int R, int NB, int S>
void plain_tile(const Conv2dArgs& args, const Strip& strip, std::int64_t x) {
  const Conv2dShape& s = args.shape;
  const float* in = args.in + strip.image * s.in_c * s.in_h * s.in_w;
  const float* w = args.weights + strip.chunk * 2 * s.in_c * s.kernel_h * s.kernel_w * kLanes;
  const std::int64_t first_y = strip.y * s.stride_h - s.pad_top, ix = x * S - s.pad_left;
  const std::int64_t reach = (R - 1) * S + (s.kernel_w - 1) * s.dilation_w + 1;
  const bool inside = ix >= 0 && ix + reach <= s.in_w;

  float staged[kRowSegment];
  V acc[R][NB];
  clear(acc);
  for (std::int64_t c = 0; c < s.in_c; ++c)
    for (std::int64_t ky = 0; ky < s.kernel_h; ++ky, w += s.kernel_w * NB * kLanes) {
      const std::int64_t iy = first_y + ky * s.dilation_h;
      if (iy < 0 || iy >= s.in_h) continue;
      const float* row = in + (c * s.in_h + iy) * s.in_w;
      const float* pixels = row + ix;
      if (!inside) {
        for (std::int64_t i = 0; i < reach; ++i) staged[i] = ix + i >= 0 && ix + i < s.in_w ? row[ix + i] : 0;
        pixels = staged;
      }
      accumulate(acc, pixels, S, s.dilation_w, w, NB * kLanes, s.kernel_w);
    }
  finish_tile(acc, conv_store(args, strip.image, strip.chunk * 2, NB, strip.y, x), args.epilogue);
}

template <int NB, int S>
void plain_strip(const Conv2dArgs& args, const Strip& strip) {
  for (std::int64_t x = 0; x < args.shape.out_w;) {
    int rows = next_tile(args.shape.out_w - x);
    with_rows<kTileRows>(rows, [&]<int R>() { plain_tile<R, NB, S>(args, strip, x); });
    x += rows;
  }
}

std::int64_t plain_items(const Conv2dShape& s) { return s.batch * chunks_of(s.out_c) * s.out_h; }

void plain(const Conv2dArgs& args, std::int64_t begin, std::int64_t end) {
  const Conv2dShape& s = args.shape;
  const std::int64_t chunks = chunks_of(s.out_c);
  for (std::int64_t item = begin; item < end; ++item) {
    Strip strip{item / s.out_h / chunks, 0, item / s.out_h % chunks, item % s.out_h, 0, s.out_w};
    bool pair = strip.chunk * 2 + 1 < blocks_of(s.out_c);
    if (s.stride_w == 1) pair ? plain_strip<2, 1>(args, strip) : plain_strip<1, 1>(args, strip);
    else if (s.stride_w == 2) pair ? plain_strip<2, 2>(args, strip) : plain_strip<1, 2>(args, strip);
    else pair ? plain_strip<2, 4>(args, strip) : plain_strip<1, 4>(args, strip);
  }
}

}  // namespace

void fill_conv(KernelTable& table) {
  table.conv_chunk = 2 * kLanes;
  table.conv_direct_items = direct_items;
  table.conv_direct = direct;
  table.conv_plain_items = plain_items;
  table.conv_plain = plain;
}

}  // namespace frugal::FRUGAL_SIMD
