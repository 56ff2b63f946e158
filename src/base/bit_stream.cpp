#include "base/bit_stream.h"

#include "base/check.h"

namespace frugal {

std::vector<std::uint8_t> pack_bits(std::span<const std::uint8_t> values, int bits) {
  FRUGAL_ASSERT(bits >= 1 && bits <= 8);
  std::vector<std::uint8_t> out;
  out.reserve(static_cast<std::size_t>(packed_bytes(static_cast<std::int64_t>(values.size()), bits)));
  unsigned pending = 0;
  int held = 0;
  for (std::uint8_t value : values) {
    FRUGAL_ASSERT(value >> bits == 0);
    pending |= static_cast<unsigned>(value) << held;
    for (held += bits; held >= 8; held -= 8, pending >>= 8) out.push_back(static_cast<std::uint8_t>(pending));
  }
  if (held > 0) out.push_back(static_cast<std::uint8_t>(pending));
  return out;
}

void unpack_bits(const std::uint8_t* packed, int bits, std::int64_t count, std::uint8_t* values) {
  FRUGAL_ASSERT(bits >= 1 && bits <= 8);
  const unsigned mask = (1u << bits) - 1;
  unsigned pending = 0;
  int held = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (held < bits) {
      pending |= static_cast<unsigned>(*packed++) << held;
      held += 8;
    }
    values[i] = static_cast<std::uint8_t>(pending & mask);
    pending >>= bits;
    held -= bits;
  }
}

}  // namespace frugal
