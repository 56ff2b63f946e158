#include <algorithm>
#include <limits>

#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

float pool_at(const PoolArgs& a, const float* plane, std::int64_t y, std::int64_t x) {
  float result = a.kind == Pool::max ? -std::numeric_limits<float>::infinity() : 0;
  std::int64_t count = 0;
  for (std::int64_t ky = 0; ky < a.kernel_h; ++ky)
    for (std::int64_t kx = 0; kx < a.kernel_w; ++kx) {
      std::int64_t iy = y * a.stride_h - a.pad_top + ky * a.dilation_h;
      std::int64_t ix = x * a.stride_w - a.pad_left + kx * a.dilation_w;
      bool padded = iy < a.in_h + a.pad_bottom && ix < a.in_w + a.pad_right;
      bool exists = iy >= 0 && iy < a.in_h && ix >= 0 && ix < a.in_w;
      count += a.kind == Pool::average_count_pad ? padded : exists;
      if (!exists) continue;
      float v = plane[iy * a.in_w + ix];
      result = a.kind == Pool::max ? std::max(result, v) : result + v;
    }
  return a.kind == Pool::max ? result : result / static_cast<float>(std::max<std::int64_t>(count, 1));
}

void pool(const PoolArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t item = begin; item < end; ++item) {
    const std::int64_t plane = item / a.channels / a.out_h * a.channels + item % a.channels,
                       y = item / a.channels % a.out_h;
    for (std::int64_t x = 0; x < a.out_w; ++x)
      a.out[(plane * a.out_h + y) * a.out_w + x] = pool_at(a, a.in + plane * a.in_h * a.in_w, y, x);
  }
}

// With a channel block of 1 the two layouts are the same.
void copy_planes(std::int64_t, std::int64_t pixels, const float* from, float* to, std::int64_t begin,
                 std::int64_t end) {
  std::copy(from + begin * pixels, from + end * pixels, to + begin * pixels);
}

}  // namespace

void fill_pool(KernelTable& table) {
  table.pool = pool;
  table.to_blocked = copy_planes;
  table.to_plain = copy_planes;
}

}  // namespace frugal::scalar
