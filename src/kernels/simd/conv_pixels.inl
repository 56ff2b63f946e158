// Convolutions of few channels on plain maps: the lanes are pixels of a row, the rows of the register tile output
// channels, so that no lane is left over where the channels do not fill a vector. Stride 1 along the row, one group.
#pragma once

#include "kernels/simd/tables.h"
#include "kernels/simd/tile.inl"

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

// KW: the kernel's width where it is 3 or 5, which makes the steps along a row one run of code, else 0.
template <int R, int NB, int KW>
void pixel_tile(const Conv2dArgs& args, const PixelTile& at) {
  const Conv2dShape& s = args.shape;
  const std::int64_t plane = s.in_h * s.in_w, out_plane = s.out_h * s.out_w;
  const float* in = args.in + at.image * s.in_c * plane;
  const float* w = args.weights + at.first * s.in_c * s.kernel_h * s.kernel_w;
  const std::int64_t first_y = at.y * s.stride_h - s.pad_top, ix = at.x - s.pad_left;
  const std::int64_t reach = NB * kLanes + (s.kernel_w - 1) * s.dilation_w;
  const bool inside = ix >= 0 && ix + reach <= s.in_w;
  V acc[R][NB];
  clear(acc);
  if (inside && s.kernel_h == 1 && s.kernel_w == 1) {
    if (first_y >= 0 && first_y < s.in_h) accumulate(acc, w, 1, R, in + first_y * s.in_w + ix, plane, s.in_c);
  } else {
    float staged[NB * kLanes + kMostReach];
    const std::int64_t from = ix < 0 ? -ix : 0, to = ix + reach > s.in_w ? s.in_w - ix : reach;
    if (!inside) std::memset(staged, 0, sizeof(float) * static_cast<std::size_t>(reach));
    for (std::int64_t c = 0; c < s.in_c; ++c, in += plane)
      for (std::int64_t ky = 0; ky < s.kernel_h; ++ky, w += s.kernel_w * R) {
        const std::int64_t iy = first_y + ky * s.dilation_h;
        if (iy < 0 || iy >= s.in_h) continue;
        const float* row = in + iy * s.in_w + ix;
        if (!inside) {
          for (std::int64_t i = from; i < to; i += kLanes) {
            const int lanes = static_cast<int>(to - i < kLanes ? to - i : kLanes);
            store_first(staged + i, load_first(row + i, lanes), lanes);
          }
          row = staged;
        }
        accumulate(acc, w, 1, R, row, s.dilation_w, KW ? KW : s.kernel_w);
      }
  }
  const Epilogue& e = args.epilogue;
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
