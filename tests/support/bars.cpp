#include "support/bars.h"

#include <string>

#include "base/random.h"
#include "support/support.h"

namespace frugal::test {
namespace {

void put_u32(std::string& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift);
}

}  // namespace

void write_bars(const std::filesystem::path& folder, const char* prefix, int pictures, std::uint64_t seed) {
  constexpr int kSize = 12, kClasses = 4;
  std::string images, labels;
  put_u32(images, 0x803), put_u32(images, static_cast<std::uint32_t>(pictures)), put_u32(images, kSize),
      put_u32(images, kSize);
  put_u32(labels, 0x801), put_u32(labels, static_cast<std::uint32_t>(pictures));
  RandomStream random(seed, "bars");
  for (int i = 0; i < pictures; ++i) {
    int label = i % kClasses;
    labels += static_cast<char>(label);
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x) images += static_cast<char>(random.below(100) + (y / 3 == label ? 100 : 0));
  }
  write_file(folder / (std::string(prefix) + "-images-idx3-ubyte"), images);
  write_file(folder / (std::string(prefix) + "-labels-idx1-ubyte"), labels);
}

}  // namespace frugal::test
