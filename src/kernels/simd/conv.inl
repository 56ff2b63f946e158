// Convolutions whose register tile is R output pixels of one row x NB blocks of output channels.
// All taps and input channels are summed in registers, so an output is written once.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// A 1x1 convolution with stride 1 sees the map as one long row, and every pixel is a strip.
inline bool is_flat(const Conv2dShape& s) {
  return s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 && s.stride_w == 1 && s.pad_top == 0 &&
         s.pad_left == 0 && s.out_h == s.in_h && s.out_w == s.in_w;
}

// Without a division in the common case.
inline std::int64_t per_group(std::int64_t channels, const Conv2dShape& s) {
  return s.groups == 1 ? channels : channels / s.groups;
}

struct Place {  // of a tile: chunk of a group, row and first pixel
  std::int64_t image, group, chunk, y, x;
  std::int64_t height, width;  // of the input as the tile sees it: one row, where flat
};

// Copies `count` pixels that lie `step` apart, from column x on, to where a tile with that pixel step
// expects them; outside the row they are zero.
inline void stage_pixels(const float* row, std::int64_t x, std::int64_t step, std::int64_t width, int count, float* to,
                         int to_step) {
  for (int p = 0; p < count; ++p, x += step)
    store(to + p * to_step, x >= 0 && x < width ? load(row + x * kLanes) : zero());
}

// One tap, and the picture is one row: no bounds to look at.
struct FlatRow {
  const float *in, *weights;
  std::int64_t in_c, plane;
  TileStore to;
};

template <int NB>
FlatRow flat_row(const Conv2dArgs& args, const Place& at) {
  const Conv2dShape& s = args.shape;
  const std::int64_t in_c = per_group(s.in_c, s), plane = at.width * kLanes, in_blocks = blocks_of(in_c);
  const std::int64_t block = at.group * blocks_of(per_group(s.out_c, s)) + at.chunk * 2;
  return {args.in + (at.image * blocks_of(s.in_c) + at.group * in_blocks) * plane,
          args.weights + block * in_blocks * kLanes * kLanes, in_c, plane, conv_store(args, at.image, block, NB, 0, 0)};
}

template <int R, int NB>
void flat_tile(const FlatRow& row, const Epilogue& epilogue, std::int64_t x) {
  const float *in = row.in + x * kLanes, *w = row.weights;
  V acc[R][NB];
  clear(acc);
  std::int64_t left = row.in_c;
  for (; left >= kLanes; left -= kLanes, in += row.plane, w += kLanes * NB * kLanes)
    accumulate(acc, in, kLanes, 1, w, NB * kLanes, kLanes);
  if (left > 0) accumulate(acc, in, kLanes, 1, w, NB * kLanes, left);
  finish_tile(acc, row.to, epilogue, x * kLanes);
}

// The same for a block and the lower half of the next one.
template <int R>
void flat_tile_and_half(const FlatRow& row, const Epilogue& epilogue, std::int64_t x) {
  const float *in = row.in + x * kLanes, *w = row.weights;
  V acc[R][2];
  H half[R];
  clear(acc);
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) half[p] = lower(acc[p][1]);
  for (std::int64_t left = row.in_c; left > 0; left -= kLanes, in += row.plane) {
    const float* a = in;
#pragma GCC unroll 1
    for (std::int64_t k = left < kLanes ? left : kLanes; k > 0; --k, ++a, w += 2 * kLanes) {
      const V first = load(w);
      const H second = load_lower(w + kLanes);
#pragma GCC unroll 16
      for (int p = 0; p < R; ++p) {
        const V pixel = broadcast(a + p * kLanes);
        acc[p][0] = fma(pixel, first, acc[p][0]);
        half[p] = fma(lower(pixel), second, half[p]);
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < R; ++p) acc[p][1] = whole(half[p]);
  finish_tile(acc, row.to, epilogue, x * kLanes);
}

// S: the stride where it is 1 or 2; 0 for others, whose pixels are always staged.
template <int R, int NB, int S>
void direct_tile(const Conv2dArgs& args, const Place& at) {
  const Conv2dShape& s = args.shape;
  constexpr int kStep = (S ? S : 1) * kLanes;
  const std::int64_t height = at.height, width = at.width;
  const std::int64_t in_c = per_group(s.in_c, s), plane = s.in_h * s.in_w * kLanes, in_blocks = blocks_of(in_c);
  const float* in = args.in + (at.image * blocks_of(s.in_c) + at.group * in_blocks) * plane;
  const std::int64_t block = at.group * blocks_of(per_group(s.out_c, s)) + at.chunk * 2;
  const float* w = args.weights + block * in_blocks * s.kernel_h * s.kernel_w * kLanes * kLanes;
  const std::int64_t first_y = at.y * s.stride_h - s.pad_top, first_x = at.x * s.stride_w - s.pad_left;

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
  finish_tile(acc, conv_store(args, at.image, block, NB, at.y, at.x), args.epilogue);
}

// Pixels [at.x, end) of one row.
template <int NB, int S>
void direct_row(const Conv2dArgs& args, Place at, std::int64_t end) {
  while (at.x < end) {
    int rows = next_tile(end - at.x);
    with_rows<kTileRows>(rows, [&]<int R>() { direct_tile<R, NB, S>(args, at); });
    at.x += rows;
  }
}

template <int NB>
void flat_pixels(const Conv2dArgs& args, const Place& at, std::int64_t end) {
  const FlatRow row = flat_row<NB>(args, at);
  const bool half = kHalfIsCheaper && NB == 2 && row.to.last_lanes <= kLanes / 2;
  for (std::int64_t x = at.x; x < end;) {
    int rows = next_tile(end - x);
    with_rows<kTileRows>(rows, [&]<int R>() {
      if (half)
        flat_tile_and_half<R>(row, args.epilogue, x);
      else
        flat_tile<R, NB>(row, args.epilogue, x);
    });
    x += rows;
  }
}

void direct_pixels(const Conv2dArgs& args, const Place& at, std::int64_t end) {
  const Conv2dShape& s = args.shape;
  const bool pair = at.chunk * 2 + 1 < blocks_of(per_group(s.out_c, s));
  if (at.height == 1 && is_flat(s))
    pair ? flat_pixels<2>(args, at, end) : flat_pixels<1>(args, at, end);
  else if (s.stride_w == 1)
    pair ? direct_row<2, 1>(args, at, end) : direct_row<1, 1>(args, at, end);
  else if (s.stride_w == 2)
    pair ? direct_row<2, 2>(args, at, end) : direct_row<1, 2>(args, at, end);
  else
    pair ? direct_row<2, 0>(args, at, end) : direct_row<1, 0>(args, at, end);
}

Extent direct_extent(const Conv2dShape& s) {
  return {s.groups * chunks_of(s.out_c / s.groups), s.batch * s.out_h * (is_flat(s) ? s.out_w : 1)};
}

// Strips whose input is about a quarter of the second-level cache: they are finished chunk by chunk, so that
// the input comes from cache while the weights stream past.
std::int64_t strips_at_once(const Conv2dShape& s) {
  constexpr std::int64_t kFloats = 1 << 16;
  const std::int64_t floats = s.in_c / s.groups * (is_flat(s) ? 1 : s.stride_h * s.in_w);
  const std::int64_t strips = kFloats / (floats > 0 ? floats : 1);
  return is_flat(s) ? (strips / kTileRows + 1) * kTileRows : strips + 1;
}

void direct(const Conv2dArgs& args, Extent begin, Extent end) {
  const Conv2dShape& s = args.shape;
  const bool flat = is_flat(s);
  const std::int64_t strips = flat ? s.out_h * s.out_w : s.out_h, chunks = chunks_of(s.out_c / s.groups);
  const std::int64_t step = strips_at_once(s);
  for (std::int64_t first = begin.strips, last; first < end.strips; first = last) {
    const std::int64_t image = first / strips, image_end = (image + 1) * strips;
    last = first + step < end.strips ? first + step : end.strips;
    if (last > image_end) last = image_end;
    for (std::int64_t chunk = begin.chunks; chunk < end.chunks; ++chunk) {
      Place at{image, chunk / chunks, chunk % chunks, 0, 0, flat ? 1 : s.in_h, flat ? s.in_h * s.in_w : s.in_w};
      if (flat) {
        at.x = first - image * strips;
        direct_pixels(args, at, last - image * strips);
      } else {
        for (at.y = first - image * strips; at.y < last - image * strips; ++at.y) direct_pixels(args, at, s.out_w);
      }
    }
  }
}

// --- Plain input: the row of taps is the inner loop ---

constexpr int kRowSegment = 512;  // floats; conv2d.cpp bounds kernels and strides by kMaxPlainReach

// What all tiles of a row share.
struct PlainRow {
  const float *in, *weights;   // of the first row of taps that exists
  std::int64_t taps, missing;  // rows of taps that exist and that do not
  TileStore to;
};

template <int NB>
PlainRow plain_row(const Conv2dArgs& args, const Place& at) {
  const Conv2dShape& s = args.shape;
  const std::int64_t y = at.y * s.stride_h - s.pad_top;
  std::int64_t begin, end;
  valid_taps(y, s.dilation_h, s.kernel_h, s.in_h, &begin, &end);
  return {args.in + (at.image * s.in_c * s.in_h + y + begin * s.dilation_h) * s.in_w,
          args.weights + (at.chunk * 2 * s.in_c * s.kernel_h * kLanes + begin * NB * kLanes) * s.kernel_w, end - begin,
          s.kernel_h - (end - begin), conv_store(args, at.image, at.chunk * 2, NB, at.y, 0)};
}

// S: the stride where it is 1, 2 or 4; 0 for others.
template <int R, int NB, int S>
void plain_tile(const Conv2dArgs& args, const PlainRow& from, std::int64_t x) {
  const Conv2dShape& s = args.shape;
  const std::int64_t step = S ? S : s.stride_w, ix = x * step - s.pad_left, kernel_w = s.kernel_w;
  const std::int64_t reach = (R - 1) * step + (kernel_w - 1) * s.dilation_w + 1, row_floats = s.dilation_h * s.in_w;
  const bool inside = ix >= 0 && ix + reach <= s.in_w;

  float staged[kRowSegment];
  const float *in = from.in, *w = from.weights;
  V acc[R][NB];
  clear(acc);
  for (std::int64_t c = 0; c < s.in_c; ++c, in += s.in_h * s.in_w, w += from.missing * kernel_w * NB * kLanes) {
    const float* row = in;
    for (std::int64_t ky = 0; ky < from.taps; ++ky, row += row_floats, w += kernel_w * NB * kLanes) {
      const float* pixels = row + ix;
      if (!inside) {
        for (std::int64_t i = 0; i < reach; ++i) staged[i] = ix + i >= 0 && ix + i < s.in_w ? row[ix + i] : 0;
        pixels = staged;
      }
      accumulate(acc, pixels, step, s.dilation_w, w, NB * kLanes, kernel_w);
    }
  }
  finish_tile(acc, from.to, args.epilogue, x * kLanes);
}

template <int NB, int S>
void plain_row(const Conv2dArgs& args, const Place& at) {
  const PlainRow row = plain_row<NB>(args, at);
  for (std::int64_t x = 0; x < args.shape.out_w;) {
    int rows = next_tile(args.shape.out_w - x);
    with_rows<kTileRows>(rows, [&]<int R>() { plain_tile<R, NB, S>(args, row, x); });
    x += rows;
  }
}

Extent plain_extent(const Conv2dShape& s) { return {chunks_of(s.out_c), s.batch * s.out_h}; }

void plain(const Conv2dArgs& args, Extent begin, Extent end) {
  const Conv2dShape& s = args.shape;
  for (std::int64_t chunk = begin.chunks; chunk < end.chunks; ++chunk)
    for (std::int64_t strip = begin.strips; strip < end.strips; ++strip) {
      const Place at{strip / s.out_h, 0, chunk, strip % s.out_h, 0, s.in_h, s.in_w};
      const bool pair = chunk * 2 + 1 < blocks_of(s.out_c);
      if (s.stride_w == 1)
        pair ? plain_row<2, 1>(args, at) : plain_row<1, 1>(args, at);
      else if (s.stride_w == 2)
        pair ? plain_row<2, 2>(args, at) : plain_row<1, 2>(args, at);
      else if (s.stride_w == 4)
        pair ? plain_row<2, 4>(args, at) : plain_row<1, 4>(args, at);
      else
        pair ? plain_row<2, 0>(args, at) : plain_row<1, 0>(args, at);
    }
}

}  // namespace

void fill_conv(KernelTable& table) {
  table.conv_chunk = 2 * kLanes;
  table.conv_direct_extent = direct_extent;
  table.conv_direct = direct;
  table.conv_plain_extent = plain_extent;
  table.conv_plain = plain;
}

}  // namespace frugal::FRUGAL_SIMD
