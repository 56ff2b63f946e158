// Rounding of channel numbers, as the mobile families share it.
#pragma once

#include <cstdint>

namespace frugal {

// The multiple of `divisor` nearest to v, at least `divisor`, and never more than 10% below v
// (greedy_enlarging.md section 2.4; first used by MobileNet).
inline std::int64_t make_divisible(double v, std::int64_t divisor) {
  auto n = static_cast<std::int64_t>(v + static_cast<double>(divisor) / 2) / divisor * divisor;
  if (n < divisor) n = divisor;
  return static_cast<double>(n) < 0.9 * v ? n + divisor : n;
}

}  // namespace frugal
