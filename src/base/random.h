// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011). A stream is named; its value depends on (seed, name, counter) alone, so
// results do not depend on threads or on the order in which streams are used.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace frugal {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);
std::uint64_t fnv1a64(std::string_view text);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name, std::uint64_t substream = 0);

  std::uint32_t next_u32();
  float uniform();  // [0, 1), 24 bits
  float uniform(float lo, float hi) { return lo + (hi - lo) * uniform(); }
  std::uint32_t below(std::uint32_t n);  // 0..n-1 without bias
  float normal();                        // mean 0, deviation 1 (Box-Muller)

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  float spare_ = 0;
};

}  // namespace frugal
