// The reference: runs of one pixel.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

float steps(float x, const ByteGrids& grids, std::int64_t g) {
  if (grids.limit > 0) x = std::min(x, grids.limit);
  if (grids.limit > 0 && grids.zero > 0) x = std::max(x, -grids.limit);
  x *= grids.inverse[g];
  return (std::isnan(x) ? 0 : std::nearbyint(x)) + static_cast<float>(grids.zero);
}

std::uint8_t number(float steps, const ByteGrids& grids) {
  return static_cast<std::uint8_t>(std::clamp(steps, 0.0f, static_cast<float>(grids.qmax)));
}

void planes(const AdderPlanesArgs& a, std::int64_t row_begin, std::int64_t row_end) {
  const AdderPlanes& p = a.layout;
  const float qmax = static_cast<float>(a.grids.qmax), most = static_cast<float>(kMostExcess);
  for (std::int64_t row = row_begin; row < row_end; ++row)
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t column = 0; column < p.width; ++column) {
        const std::int64_t y = row * p.row_step - p.pad_top, x = column - p.pad_left;
        const bool inside = y >= 0 && y < p.in_h && x >= 0 && x < p.in_w;
        const bool kept = column % p.stride < p.phases;
        std::uint8_t* to =
            a.planes + g * p.group_bytes + row * p.row_bytes + (column % p.stride * p.columns + column / p.stride) * 8;
        std::int32_t over = 0;
        for (std::int64_t c = 0; c < p.blocks * 8; ++c) {
          const bool there = inside && c < p.channels;
          const std::int64_t at = (c * p.in_h + y) * p.in_w + x;
          const float s = there && a.numbers ? a.numbers[g * p.channels * p.in_h * p.in_w + at]
                                             : steps(there ? a.x[at] : 0, a.grids, g);
          if (kept) to[c / 8 * p.block_bytes + c % 8] = number(s, a.grids);
          over += static_cast<std::int32_t>(std::clamp(s - qmax, 0.0f, most));
        }
        if (a.excess) a.excess[(g * p.rows + row) * p.width + column] = over;
      }
}

void put(float y, std::int64_t at, std::int64_t all, const ByteAdderArgs& a) {
  if (a.y) a.y[at] = y;
  for (std::int64_t g = 0; a.rounded.numbers && g < a.rounded.count; ++g)
    a.rounded.numbers[g * all + at] = number(steps(y, a.rounded.grids, g), a.rounded.grids);
}

std::int64_t pairs_of(std::int64_t out_h, std::int64_t out_w) { return (out_h * out_w + 1) / 2; }

void run(const ByteAdderArgs& a, std::int64_t begin, std::int64_t end) {
  const std::int64_t pixels = a.out_h * a.out_w, all = a.out_c * pixels, pairs = pairs_of(a.out_h, a.out_w);
  for (std::int64_t item = begin; item < end; ++item) {
    const ByteAdderTile& tile = a.tiles[item / pairs];
    for (std::int64_t pixel = item % pairs * 2; pixel < std::min(item % pairs * 2 + 2, pixels); ++pixel) {
      const std::uint8_t* window = a.planes + tile.group * a.layout.group_bytes +
                                   pixel / a.out_w * a.row_step * a.layout.row_bytes + pixel % a.out_w * 8;
      for (int t = 0; t < tile.count; ++t) {
        std::int32_t sum = 0;
        for (std::int64_t chunk = 0; chunk < a.chunks; ++chunk)
          for (int lane = 0; lane < 8; ++lane)
            sum += std::abs(window[a.offsets[chunk] + lane] -
                            a.weights[tile.weights + (chunk * tile.count + t) * 8 + lane]);
        const std::int64_t channel = tile.channel[t], at = channel * pixels + pixel;
        float value = static_cast<float>(sum);
        if (a.restored) value += a.restored[tile.group * pixels + pixel];
        put(finish(value * a.factor[channel] + a.bias[channel], a.epilogue, channel, at), at, all, a);
      }
    }
  }
}

double bare_loop(std::int64_t steps) {
  std::int32_t sum = 0, a = 3, b = 9;
  for (std::int64_t i = 0; i < steps; ++i) {
    sum += std::abs(a - b);
    asm volatile("" : "+r"(sum), "+r"(a), "+r"(b));
  }
  return static_cast<double>(steps);
}

}  // namespace

void fill_byte_adder(KernelTable& table) { table.byte_adder = {pairs_of, planes, run, bare_loop}; }

}  // namespace frugal::scalar
