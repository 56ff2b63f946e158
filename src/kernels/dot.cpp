#include "kernels/dot.h"

namespace frugal {

bool dot_fits(const KernelTable& table, const Conv2dShape& s) {
  if (dot_taps(s) > kMaxDotTaps || s.stride_h > 16 || s.stride_w > 16) return false;
  const int block = table.channel_block;
  return s.groups == 1 || (s.in_c / s.groups % block == 0 && s.out_c / s.groups % block == 0);
}

bool dot_by_strips(const Conv2dShape& s, const Extent& extent, int threads, double weight_bytes, double map_bytes) {
  constexpr double kShared = 2, kForeign = 12;
  auto share = [&](std::int64_t items) {
    const std::int64_t most = (items + threads - 1) / threads;
    return static_cast<double>(most) / static_cast<double>(std::max<std::int64_t>(items, 1));
  };
  const double macs = static_cast<double>(s.batch * s.out_h * s.out_w) * static_cast<double>(s.out_c * dot_products(s));
  return macs * share(extent.strips) + kShared * weight_bytes <= macs * share(extent.chunks) +
                                                                     kShared * weight_bytes / threads +
                                                                     kForeign * map_bytes * (threads - 1) / threads;
}

}  // namespace frugal
