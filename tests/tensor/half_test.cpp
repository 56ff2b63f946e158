#include "tensor/half.h"

#include <cmath>
#include <limits>

#include "support/support.h"

namespace frugal {
namespace {

TEST(Half, AllValuesRoundTrip) {
  for (std::uint32_t h = 0; h < 65536; ++h) {
    std::uint16_t bits = static_cast<std::uint16_t>(h);
    float f = half_to_float(bits);
    if (std::isnan(f)) {
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(f))));
      EXPECT_EQ(bits & 0x8000, float_to_half(f) & 0x8000);
      continue;
    }
    ASSERT_EQ(float_to_half(f), bits) << "half " << h << " is " << f;
  }
}

TEST(Half, KnownValues) {
  EXPECT_EQ(half_to_float(0x3c00), 1.f);
  EXPECT_EQ(half_to_float(0xc000), -2.f);
  EXPECT_EQ(half_to_float(0x7bff), 65504.f);
  EXPECT_EQ(half_to_float(0x0001), 0x1p-24f);
  EXPECT_EQ(half_to_float(0x03ff), 1023 * 0x1p-24f);
  EXPECT_TRUE(std::isinf(half_to_float(0x7c00)));
}

// Between each half and its upper neighbour: below the middle rounds down, above it up, the middle to even.
TEST(Half, RoundsToNearestEven) {
  for (std::uint16_t h = 0; h < 0x7bff; ++h) {
    std::uint16_t next = static_cast<std::uint16_t>(h + 1);
    float middle = (half_to_float(h) + half_to_float(next)) / 2;  // exact: one bit more than a half has
    ASSERT_EQ(float_to_half(middle), h % 2 ? next : h) << h;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 0.f)), h) << h;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 1e9f)), next) << h;
    ASSERT_EQ(float_to_half(-middle), 0x8000 | (h % 2 ? next : h)) << h;
  }
}

TEST(Half, OverflowsToInfinity) {
  EXPECT_EQ(float_to_half(65519.99f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.f), 0x7c00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xfc00);
}

TEST(Bfloat16, AllValuesRoundTrip) {
  for (std::uint32_t h = 0; h < 65536; ++h) {
    std::uint16_t bits = static_cast<std::uint16_t>(h);
    float f = bf16_to_float(bits);
    if (std::isnan(f))
      ASSERT_TRUE(std::isnan(bf16_to_float(float_to_bf16(f))));
    else
      ASSERT_EQ(float_to_bf16(f), bits);
  }
}

TEST(Bfloat16, RoundsToNearestEven) {
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f808000u)), 0x3f80);  // middle, even below
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f818000u)), 0x3f82);  // middle, even above
  EXPECT_EQ(float_to_bf16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(float_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
}

}  // namespace
}  // namespace frugal
