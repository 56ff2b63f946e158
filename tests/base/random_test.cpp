#include "base/random.h"

#include <cmath>
#include <vector>

#include "support/support.h"

namespace frugal {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known answers that come with Random123 (Salmon et al., 2011) for philox4x32, 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Fnv1a, KnownAnswers) {
  EXPECT_EQ(fnv1a64(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a64("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a64("foobar"), 0x85944171f73967e8u);
}

std::vector<std::uint32_t> draw(RandomStream stream, int n) {
  std::vector<std::uint32_t> values;
  for (int i = 0; i < n; ++i) values.push_back(stream.next_u32());
  return values;
}

TEST(RandomStream, DependsOnSeedNameAndSubstreamAlone) {
  auto base = draw(RandomStream(7, "init"), 64);
  EXPECT_EQ(base, draw(RandomStream(7, "init"), 64));
  EXPECT_NE(base, draw(RandomStream(8, "init"), 64));
  EXPECT_NE(base, draw(RandomStream(7, "data"), 64));
  EXPECT_NE(base, draw(RandomStream(7, "init", 1), 64));
}

TEST(RandomStream, UniformStaysInRangeWithTheRightMoments) {
  RandomStream stream(1, "uniform");
  constexpr int n = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    float u = stream.uniform();
    ASSERT_GE(u, 0.f);
    ASSERT_LT(u, 1.f);
    sum += u;
    squares += double(u) * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 0.005);  // five standard errors
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.005);
}

TEST(RandomStream, NormalHasTheRightMoments) {
  RandomStream stream(1, "normal");
  constexpr int n = 100000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < n; ++i) {
    double x = stream.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / n, 0, 0.016);
  EXPECT_NEAR(squares / n, 1, 0.023);
  EXPECT_NEAR(fourth / n, 3, 0.16);
}

TEST(RandomStream, BelowIsUnbiased) {
  RandomStream stream(3, "below");
  constexpr int n = 7, draws = 70000;
  std::vector<int> counts(n);
  for (int i = 0; i < draws; ++i) {
    std::uint32_t v = stream.below(n);
    ASSERT_LT(v, static_cast<std::uint32_t>(n));
    ++counts[v];
  }
  double chi2 = 0;
  for (int c : counts) chi2 += (c - draws / n) * double(c - draws / n) / (draws / n);
  EXPECT_LT(chi2, 22.5);  // 6 degrees of freedom, p = 0.001
  EXPECT_EQ(stream.below(1), 0u);
}

// With n just above 2^31 nearly half of all draws must be rejected: a version without rejection gives small values
// twice as often.
TEST(RandomStream, BelowRejectsForLargeRanges) {
  RandomStream stream(4, "below");
  constexpr std::uint32_t n = 0xC0000000;
  constexpr int draws = 30000;
  int thirds[3] = {};
  for (int i = 0; i < draws; ++i) {
    std::uint32_t v = stream.below(n);
    ASSERT_LT(v, n);
    ++thirds[v % 3];
  }
  for (int c : thirds) EXPECT_NEAR(c, draws / 3, 5 * std::sqrt(draws * 2.0 / 9));
}

}  // namespace
}  // namespace frugal
