// Convolutions of few channels on plain maps: the lanes are pixels of a row, the rows of the register tile output
// channels, so that no lane is left over where the channels do not fill a vector. Stride 1 along the row, one group.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// Vectors of pixels in a tile of so many channels: few channels leave registers for more of them.
constexpr int tile_vectors(int rows) { return rows > 4 ? 2 : kTileRows > 8 ? 4 : 3; }
constexpr std::int64_t kMostReach = 256;  // floats of a row that a tile's staged taps may need beyond its pixels

// Chunks of about equal numbers of output channels.
inline std::int64_t pixel_chunks(const Conv2dShape& s) { return (s.out_c + kTileRows - 1) / kTileRows; }

struct PixelTile {
  std::int64_t image, first, y, x;  // first output channel
  int pixels;                       // at most NB vectors
};

// acc[r][b] += sum over k of weights[k * R + r] * pixels[k * step + b * kLanes].
template <int R, int NB>
__attribute__((always_inline)) inline void add_taps(V (&acc)[R][NB], const float* weights, const float* pixels,
                                                    std::int64_t step, std::int64_t count) {
#pragma GCC unroll 1
  for (std::int64_t k = 0; k < count; ++k, weights += R, pixels += step) {
    V x[NB];
#pragma GCC unroll 8
    for (int b = 0; b < NB; ++b) {
      x[b] = load(pixels + b * kLanes);
      asm("" : "+v"(x[b]));  // into a register: most of these loads cross a line of the cache
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V w = broadcast(weights + r);
#pragma GCC unroll 8
      for (int b = 0; b < NB; ++b) acc[r][b] = fma(w, x[b], acc[r][b]);
    }
  }
}

// The rows of taps that exist for a tile, channel by channel: rows [0, taps) of s.kernel_h from the first on.
struct TapRows {
  const float *in, *weights;  // of the first
  std::int64_t taps, row_step, plane, w_step;
};

template <int R>
TapRows tap_rows(const Conv2dArgs& args, const PixelTile& at) {
  const Conv2dShape& s = args.shape;
  const std::int64_t y = at.y * s.stride_h - s.pad_top, plane = s.in_h * s.in_w, w_step = s.kernel_w * R;
  std::int64_t begin, end;
  valid_taps(y, s.dilation_h, s.kernel_h, s.in_h, &begin, &end);
  return {args.in + at.image * s.in_c * plane + (y + begin * s.dilation_h) * s.in_w + at.x - s.pad_left,
          args.weights + at.first * s.in_c * s.kernel_h * s.kernel_w + begin * w_step,
          end - begin,
          s.dilation_h * s.in_w,
          plane,
          w_step};
}

// All pixels of all taps lie inside of the picture. Channels are far apart, too far for the processor to see what comes
// next: a 1x1 convolution fetches the tile after the next.
template <int R, int NB, int KW>
__attribute__((always_inline)) inline void add_inside(V (&acc)[R][NB], const Conv2dShape& s, TapRows rows) {
  for (std::int64_t c = 0; c < s.in_c; ++c, rows.in += rows.plane, rows.weights += s.kernel_h * rows.w_step) {
    if (s.kernel_h == 1 && s.kernel_w == 1) {
#pragma GCC unroll 8
      for (int b = 0; b < NB; ++b) __builtin_prefetch(rows.in + (NB * 2 + b) * kLanes);
      if (rows.taps == 1) add_taps(acc, rows.weights, rows.in, 1, 1);
      continue;
    }
    for (std::int64_t k = 0; k < rows.taps; ++k)
      add_taps(acc, rows.weights + k * rows.w_step, rows.in + k * rows.row_step, s.dilation_w, KW ? KW : s.kernel_w);
  }
}

// Pixels [from, to) of `reach` exist, the others are zeros. They are copied a row ahead: loads that reach across two
// stores wait until both are in the cache.
template <int R, int NB, int KW>
__attribute__((always_inline)) inline void add_border(V (&acc)[R][NB], const Conv2dShape& s, TapRows rows,
                                                      std::int64_t from, std::int64_t to) {
  float staged[2][NB * kLanes + kMostReach];
  std::memset(staged, 0, sizeof(staged));
  const std::int64_t count = s.in_c * rows.taps;
  for (std::int64_t row = 0, next = 0; row < count; ++row) {
    for (; next < count && next <= row + 1; ++next) {
      for (std::int64_t i = from; i < to; i += kLanes) {
        const int lanes = static_cast<int>(to - i < kLanes ? to - i : kLanes);
        store_first(staged[next & 1] + i, load_first(rows.in + i, lanes), lanes);
      }
      rows.in += (next + 1) % rows.taps ? rows.row_step : rows.plane - (rows.taps - 1) * rows.row_step;
    }
    add_taps(acc, rows.weights, staged[row & 1], s.dilation_w, KW ? KW : s.kernel_w);
    rows.weights += ((row + 1) % rows.taps ? 1 : s.kernel_h - rows.taps + 1) * rows.w_step;
  }
}

// KW: the kernel's width where it is 3 or 5, which makes the steps along a row one run of code, else 0.
template <int R, int NB, int KW>
void pixel_tile(const Conv2dArgs& args, const PixelTile& at) {
  const Conv2dShape& s = args.shape;
  const TapRows rows = tap_rows<R>(args, at);
  const std::int64_t ix = at.x - s.pad_left, reach = NB * kLanes + (s.kernel_w - 1) * s.dilation_w;
  V acc[R][NB];
  clear(acc);
  if (ix >= 0 && ix + reach <= s.in_w)
    add_inside<R, NB, KW>(acc, s, rows);
  else
    add_border<R, NB, KW>(acc, s, rows, ix < 0 ? -ix : 0, ix + reach > s.in_w ? s.in_w - ix : reach);
  const Epilogue& e = args.epilogue;
  const std::int64_t out_plane = s.out_h * s.out_w;
  const std::int64_t out = (at.image * s.out_c + at.first) * out_plane + at.y * s.out_w + at.x;
  finish_tile(
      acc,
      {args.out + out, e.residual ? e.residual + out : nullptr, out_plane, kLanes, e.bias ? e.bias + at.first : nullptr,
       e.activation.slope ? e.activation.slope + at.first : nullptr, at.pixels - (NB - 1) * kLanes, true, false},
      e);
}

Extent pixels_extent(const Conv2dShape& s) { return {pixel_chunks(s), s.batch * s.out_h}; }

void pixels(const Conv2dArgs& args, Extent begin, Extent end) {
  const Conv2dShape& s = args.shape;
  const std::int64_t chunks = pixel_chunks(s);
  for (std::int64_t strip = begin.strips; strip < end.strips; ++strip)
    for (std::int64_t chunk = begin.chunks; chunk < end.chunks; ++chunk) {
      PixelTile at{strip / s.out_h, s.out_c * chunk / chunks, strip % s.out_h, 0, 0};
      const int rows = static_cast<int>(s.out_c * (chunk + 1) / chunks - at.first);
      with_rows<kTileRows>(rows, [&]<int R>() {
        constexpr int kMost = tile_vectors(R);
        for (PixelTile tile = at; tile.x < s.out_w; tile.x += kMost * kLanes) {
          const std::int64_t left = s.out_w - tile.x;
          tile.pixels = static_cast<int>(left < kMost * kLanes ? left : kMost * kLanes);
          with_rows<kMost>((tile.pixels + kLanes - 1) / kLanes, [&]<int NB>() {
            if constexpr (NB == kMost) {
              if (s.kernel_w == 3) return pixel_tile<R, NB, 3>(args, tile);
              if (s.kernel_w == 5) return pixel_tile<R, NB, 5>(args, tile);
            }
            pixel_tile<R, NB, 0>(args, tile);
          });
        }
      });
    }
}

}  // namespace

void fill_conv_pixels(KernelTable& table) {
  table.conv_pixels_extent = pixels_extent;
  table.conv_pixels = pixels;
}

}  // namespace frugal::FRUGAL_SIMD
