// The reference: runs of one pixel.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/byte_adder_types.h"
#include "kernels/scalar/activation.h"

namespace frugal::scalar {
namespace {

float steps(float x, float inverse, const AdderPlanesArgs& a) {
  if (a.limit > 0) x = std::min(x, a.limit);
  if (a.limit > 0 && a.zero > 0) x = std::max(x, -a.limit);
  x *= inverse;
  return (std::isnan(x) ? 0 : std::nearbyint(x)) + static_cast<float>(a.zero);
}

void planes(const AdderPlanesArgs& a, std::int64_t row_begin, std::int64_t row_end) {
  const AdderPlanes& p = a.layout;
  const float qmax = static_cast<float>(a.qmax), most = static_cast<float>(kMostExcess);
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
          const float value = inside && c < p.channels ? a.x[(c * p.in_h + y) * p.in_w + x] : 0;
          const float s = steps(value, a.inverse[g], a);
          if (kept) to[c / 8 * p.block_bytes + c % 8] = static_cast<std::uint8_t>(std::clamp(s, 0.0f, qmax));
          over += static_cast<std::int32_t>(std::clamp(s - qmax, 0.0f, most));
        }
        if (a.excess) a.excess[(g * p.rows + row) * p.width + column] = over;
      }
}

void run(const ByteAdderArgs& a, std::int64_t begin, std::int64_t end) {
  const std::int64_t pixels = a.out_h * a.out_w, pairs = (pixels + 1) / 2;
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
        a.y[at] = finish(value * a.factor[channel] + a.bias[channel], a.epilogue, channel, at);
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

ByteAdderKernel byte_adder() { return {1, planes, run, bare_loop}; }

}  // namespace frugal::scalar
