#include "base/bit_stream.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace frugal {
namespace {

TEST(BitStream, TheFirstNumberLiesInTheLowestBits) {
  EXPECT_EQ(pack_bits(std::vector<std::uint8_t>{0x3, 0xa, 0xf}, 4), (std::vector<std::uint8_t>{0xa3, 0x0f}));
  EXPECT_EQ(pack_bits(std::vector<std::uint8_t>{1, 0, 1}, 5), (std::vector<std::uint8_t>{0x01, 0x04}));
  EXPECT_TRUE(pack_bits({}, 3).empty());
}

TEST(BitStream, WhatIsPackedIsReadBack) {
  RandomStream random(1, "bits");
  for (int bits = 1; bits <= 8; ++bits)
    for (std::int64_t count = 0; count < 40; ++count) {
      std::vector<std::uint8_t> values(static_cast<std::size_t>(count));
      for (std::uint8_t& v : values) v = static_cast<std::uint8_t>(random.below(1u << bits));
      std::vector<std::uint8_t> packed = pack_bits(values, bits), back(values.size());
      ASSERT_EQ(static_cast<std::int64_t>(packed.size()), packed_bytes(count, bits));
      // What lies behind the last number has no meaning.
      if (count * bits % 8) packed.back() |= static_cast<std::uint8_t>(0xffu << (count * bits % 8));
      unpack_bits(packed.data(), bits, count, back.data());
      ASSERT_EQ(back, values) << bits << " bits, " << count << " numbers";
    }
}

}  // namespace
}  // namespace frugal
