// Groups of kernels and the grid of one adder layer: what section 8 of the digest of arXiv 2212.10200 asks for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"
#include "methods/adder_quant/groups.h"
#include "methods/adder_quant/layer.h"
#include "support/support.h"

namespace frugal::test {
namespace {

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  RandomStream random(seed, "test/values");
  std::vector<float> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(std::round(10 * std::abs(random.normal())) / 4);
  return out;
}

std::vector<std::size_t> sizes_of(const std::vector<int>& group) {
  std::vector<std::size_t> sizes;
  for (int g : group) {
    if (sizes.size() <= static_cast<std::size_t>(g)) sizes.resize(static_cast<std::size_t>(g) + 1, 0);
    ++sizes[static_cast<std::size_t>(g)];
  }
  return sizes;
}

double noise_of(std::span<const float> values, std::span<const int> group) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double most = 0;
    for (std::size_t k = 0; k < values.size(); ++k)
      if (group[k] == group[i]) most = std::max<double>(most, values[k]);
    sum += most * most;
  }
  return sum;
}

// The least cost over every way to cut `n` sorted values into at most `groups` parts, one of them of a size that is no
// multiple of `align`.
template <typename Cost>
double brute_force(std::vector<float> values, int groups, std::size_t align, const Cost& cost) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  double best = std::numeric_limits<double>::infinity();
  for (std::uint32_t cuts = 0; cuts < 1u << (n - 1); ++cuts) {
    std::vector<int> group{0};
    for (std::size_t i = 1; i < n; ++i) group.push_back(group.back() + static_cast<int>(cuts >> (i - 1) & 1));
    const std::vector<std::size_t> sizes = sizes_of(group);
    const auto odd = std::count_if(sizes.begin(), sizes.end(), [&](std::size_t s) { return s % align != 0; });
    if (sizes.size() <= static_cast<std::size_t>(groups) && odd <= 1) best = std::min(best, cost(values, group));
  }
  return best;
}

TEST(AdderGroups, TheExactOnesAreTheBestOfAll) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed)
    for (int groups : {1, 2, 3, 4})
      for (int align : {1, 2, 3, 4}) {
        const std::vector<float> values = random_values(5 + seed % 8, seed);
        const std::vector<int> group = group_exact(values, groups, align);
        const auto width = static_cast<std::size_t>(align);
        EXPECT_NEAR(group_cost(values, group), brute_force(values, groups, width, group_cost), 1e-9)
            << "seed " << seed << ", " << groups << " groups, align " << align;
        const std::vector<int> quiet = group_by_noise(values, groups, align);
        EXPECT_NEAR(noise_of(values, quiet), brute_force(values, groups, width, noise_of), 1e-9)
            << "seed " << seed << ", " << groups << " groups, align " << align;
      }
}

TEST(AdderGroups, SizesAreMultiplesButForOne) {
  for (std::size_t n : {3u, 16u, 18u, 64u, 65u})
    for (int align : {1, 4, 8})
      for (bool exact : {true, false}) {
        const std::vector<float> values = random_values(n, n);
        const std::vector<std::size_t> sizes =
            sizes_of(exact ? group_exact(values, 4, align) : group_kmeans(values, 4, align, 1));
        EXPECT_LE(sizes.size(), 4u);
        EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), n);
        int odd = 0;
        for (std::size_t s : sizes) {
          EXPECT_GT(s, 0u);
          odd += s % static_cast<std::size_t>(align) != 0;
        }
        EXPECT_LE(odd, 1) << n << " values, align " << align;
      }
}

TEST(AdderGroups, KMeansComesCloseAndFollowsItsSeed) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<float> values = random_values(64, 100 + seed);
    const std::vector<int> found = group_kmeans(values, 4, 1, seed);
    EXPECT_EQ(found, group_kmeans(values, 4, 1, seed));
    const double best = group_cost(values, group_exact(values, 4, 1));
    EXPECT_GE(group_cost(values, found), best - 1e-9);
    EXPECT_LE(group_cost(values, found), 3 * best);
    for (std::size_t i = 0; i < values.size(); ++i)
      for (std::size_t k = 0; k < values.size(); ++k)
        if (values[i] < values[k]) {
          EXPECT_LE(found[i], found[k]);
        }
  }
}

TEST(AdderGroups, FewDistinctValuesMakeFewGroups) {
  for (int how : {0, 1, 2}) {
    auto group = [&](const std::vector<float>& values, int groups, int align = 1) {
      return how == 0   ? group_exact(values, groups, align)
             : how == 1 ? group_by_noise(values, groups, align)
                        : group_kmeans(values, groups, align, 7);
    };
    EXPECT_EQ(group(std::vector<float>(9, 2.5f), 4), std::vector<int>(9, 0));
    EXPECT_EQ(group(std::vector<float>(9, 0.0f), 4, 4), std::vector<int>(9, 0));
    EXPECT_EQ(group({1, 5, 1, 5, 5}, 4), (std::vector<int>{0, 1, 0, 1, 1}));
    EXPECT_EQ(group({3, 1}, 4), (std::vector<int>{1, 0}));
    EXPECT_EQ(group({3}, 4, 4), (std::vector<int>{0}));
    EXPECT_TRUE(group({}, 4).empty());
  }
}

// One window through the whole numbers, as the op is defined.
double integer_output(const AdderGrid& grid, const AdderScales& scales, std::size_t kernel,
                      const std::vector<float>& x) {
  const float step = grid.step[static_cast<std::size_t>(scales.group[kernel])];
  const int most = (1 << grid.bits) - 1;
  std::int64_t sum = 0;
  for (std::size_t d = 0; d < x.size(); ++d) {
    float v = x[d];
    if (grid.limit > 0) v = std::min(v, grid.limit);
    const int steps = static_cast<int>(std::nearbyint(v * (1.0f / step))) + grid.zero;
    const int number = grid.numbers[kernel * x.size() + d] * (grid.doubled ? 2 : 1);
    sum += std::abs(std::clamp(steps, 0, most) - number);
    if (grid.restore) sum += std::max(steps - most, 0);
  }
  return grid.bias[kernel] - static_cast<double>(step) * static_cast<double>(sum);
}

double float_output(const Tensor& w, std::size_t kernel, const std::vector<float>& x) {
  double sum = 0;
  for (std::size_t d = 0; d < x.size(); ++d)
    sum += std::abs(static_cast<double>(x[d]) - w.data<float>()[kernel * x.size() + d]);
  return -sum;
}

struct Case {
  Tensor weight;
  std::vector<float> x;
};

// Kernels from narrow ones to ones far beyond the inputs, which lie in [low, 1].
Case make_case(std::int64_t kernels, std::int64_t taps, float low, float widest, std::uint64_t seed) {
  RandomStream random(seed, "test/grid");
  Case c{Tensor(DType::f32, {kernels, taps, 1, 1}), {}};
  for (std::int64_t t = 0; t < kernels; ++t)
    for (std::int64_t d = 0; d < taps; ++d) {
      const float span = widest * static_cast<float>(t + 1) / static_cast<float>(kernels);
      c.weight.data<float>()[t * taps + d] = random.uniform(-span, span);
    }
  for (std::int64_t d = 0; d < taps; ++d) c.x.push_back(random.uniform(low, 1));
  return c;
}

// The largest distance to the float layer, in steps of the kernel's group for each tap.
double worst_error(const Case& c, const InputRange& input, const AdderGridSettings& settings) {
  const AdderScales scales = choose_scales(c.weight, input, settings);
  const AdderGrid grid = quantize_adder(c.weight, {}, input, scales, settings);
  double worst = 0;
  for (std::size_t t = 0; t < scales.group.size(); ++t) {
    const double step = grid.step[static_cast<std::size_t>(scales.group[t])];
    const double error = std::abs(integer_output(grid, scales, t, c.x) - float_output(c.weight, t, c.x));
    worst = std::max(worst, error / (step * static_cast<double>(c.x.size())));
  }
  return worst;
}

// Rounding moves a value by half a step: more than one step a tap (two of the doubled grid) is a loss of another kind.
TEST(AdderGrid, TheClampLosesNothingInsideTheRange) {
  for (int bits : {4, 5, 6, 8}) {
    const Case c = make_case(16, 36, 0, 5, static_cast<std::uint64_t>(bits));
    AdderGridSettings s{.bits = bits, .groups = 4, .align = 1};
    EXPECT_LT(worst_error(c, {1, false}, s), 1) << bits;
    s.clamp = WeightClamp::both;
    EXPECT_LT(worst_error(c, {1, false}, s), 1.6) << bits;
    s.clamp = WeightClamp::lost;
    EXPECT_GT(worst_error(c, {1, false}, s), 5) << bits;
    const Case negative = make_case(16, 36, -1, 5, static_cast<std::uint64_t>(bits));
    s.clamp = WeightClamp::both;
    EXPECT_LT(worst_error(negative, {1, true}, s), 1) << bits;
    s.clamp = WeightClamp::above0;  // becomes the same
    EXPECT_LT(worst_error(negative, {1, true}, s), 1) << bits;
  }
}

// Where every weight is on the grid and every x too, nothing is rounded: the outputs are equal.
TEST(AdderGrid, WholeNumbersStayExact) {
  RandomStream random(3, "test/exact");
  Case c{Tensor(DType::f32, {8, 20, 1, 1}), {}};
  for (std::int64_t i = 0; i < c.weight.numel(); ++i)
    c.weight.data<float>()[i] = static_cast<float>(random.below(151)) - 75;
  for (int d = 0; d < 20; ++d) c.x.push_back(static_cast<float>(random.below(16)));
  EXPECT_EQ(worst_error(c, {15, false}, {.bits = 4, .groups = 1}), 0);
}

TEST(AdderGrid, RestoringMakesNarrowGroupsLossless) {
  const Case c = make_case(16, 36, 0, 0.5, 11);  // every weight is far below the largest x
  AdderGridSettings s{.bits = 8, .groups = 4, .align = 1, .restore = true};
  for (WeightClamp clamp : {WeightClamp::above0, WeightClamp::both}) {
    s.clamp = clamp, s.restore = true;
    EXPECT_LT(worst_error(c, {1, false}, s), 1.6);
    s.restore = false;
    EXPECT_GT(worst_error(c, {1, false}, s), 20);
  }
}

// |a - 2n| = |a - max(2n, 0)| + max(-2n, 0), with n down to -2^(bits-1).
TEST(AdderGrid, TheSignedGridIsThePapers) {
  for (int bits : {2, 4, 5, 6, 8}) {
    const int half = 1 << (bits - 1), most = (1 << bits) - 1;
    Case c{Tensor(DType::f32, {1, 2 * half, 1, 1}), {}};
    for (int n = -half; n < half; ++n)
      c.weight.data<float>()[n + half] = std::clamp(2 * static_cast<float>(n), -static_cast<float>(most), 1e9f);
    const InputRange input{static_cast<float>(most), false};
    AdderGridSettings s{.bits = bits, .groups = 1, .clamp = WeightClamp::both};
    const AdderScales scales{{0}, {static_cast<float>(most)}};
    const AdderGrid grid = quantize_adder(c.weight, {}, input, scales, s);
    EXPECT_EQ(grid.weight_bits(), std::max(1, bits - 1));
    for (std::uint8_t v : grid.numbers) EXPECT_LT(v, 1 << grid.weight_bits());
    for (int a = 0; a <= most; ++a) {
      double expected = 0;
      for (int n = -half; n < half; ++n) expected -= std::abs(a - 2 * n);
      c.x.assign(static_cast<std::size_t>(2 * half), static_cast<float>(a));
      EXPECT_EQ(integer_output(grid, scales, 0, c.x), expected) << bits << " bits, a = " << a;
    }
  }
}

TEST(AdderGrid, ScalesNeverExceedTheInputs) {
  for (WeightClamp clamp : {WeightClamp::lost, WeightClamp::both, WeightClamp::above0})
    for (Clustering clustering : {Clustering::exact, Clustering::kmeans}) {
      const Case c = make_case(32, 9, 0, 2, 5);
      const AdderScales scales =
          choose_scales(c.weight, {1, false}, {.groups = 6, .align = 1, .clustering = clustering, .clamp = clamp});
      EXPECT_GE(scales.range.size(), 2u);
      EXPECT_TRUE(std::is_sorted(scales.range.begin(), scales.range.end()));
      EXPECT_EQ(scales.range.back(), 1);  // reached by the widest kernels
      for (std::size_t t = 0; t < 32; ++t) {
        float most = 0;
        for (std::int64_t d = 0; d < 9; ++d) {
          const float w = c.weight.data<float>()[static_cast<std::int64_t>(t) * 9 + d];
          most = std::max(most, clamp == WeightClamp::above0 ? w : std::abs(w));
        }
        EXPECT_GE(scales.range[static_cast<std::size_t>(scales.group[t])], std::min(most, 1.0f));
      }
    }
}

// One group without a clamp is one shared scale; that of QSSF is the same up to its power of two.
TEST(AdderGrid, OneGroupIsOneSharedScale) {
  const Case c = make_case(8, 9, 0, 3, 9);
  AdderGridSettings one{.bits = 4, .groups = 1, .clamp = WeightClamp::lost, .restore = false};
  AdderGridSettings qssf = one;
  qssf.shared = true;
  const InputRange input{1, false};
  const AdderScales a = choose_scales(c.weight, input, one), b = choose_scales(c.weight, input, qssf);
  EXPECT_EQ(a.group, b.group);
  EXPECT_EQ(a.range, b.range);
  const float step = quantize_adder(c.weight, {}, input, b, qssf).step.at(0);
  EXPECT_EQ(step, 0.0625f);  // next to 1 / 15
  qssf.by_weight = true;
  EXPECT_GT(choose_scales(c.weight, input, qssf).range.at(0), 2);
}

TEST(AdderGrid, AKernelsNumbersDoNotDependOnTheOthers) {
  const Case c = make_case(12, 9, 0, 3, 21);
  const InputRange input{1, false};
  const AdderGridSettings s{.bits = 5, .groups = 3, .align = 1};
  const AdderScales scales = choose_scales(c.weight, input, s);
  const AdderGrid all = quantize_adder(c.weight, {}, input, scales, s);
  for (std::size_t t = 0; t < 12; ++t) {
    const std::vector<float> row(c.weight.data<float>() + t * 9, c.weight.data<float>() + (t + 1) * 9);
    const AdderScales own{{0}, {scales.range[static_cast<std::size_t>(scales.group[t])]}};
    const AdderGrid one = quantize_adder(Tensor::from<float>({1, 9, 1, 1}, row), {}, input, own, s);
    EXPECT_EQ(one.bias[0], all.bias[t]);
    EXPECT_TRUE(std::equal(one.numbers.begin(), one.numbers.end(), all.numbers.begin() + static_cast<long>(t) * 9));
  }
}

TEST(AdderGrid, ZerosConstantsAndABias) {
  const Tensor zeros(DType::f32, {6, 4, 1, 1});
  const InputRange input{0.5f, false};
  for (Clustering clustering : {Clustering::exact, Clustering::kmeans}) {
    const AdderGridSettings s{.bits = 8, .clustering = clustering};
    const AdderScales scales = choose_scales(zeros, input, s);
    EXPECT_EQ(scales.range, std::vector<float>{1e-3f});
    const AdderGrid grid = quantize_adder(zeros, Tensor::from<float>({6}, {1, 2, 3, 4, 5, 6}), input, scales, s);
    EXPECT_EQ(grid.numbers, std::vector<std::uint8_t>(24, 0));
    EXPECT_EQ(grid.bias, (std::vector<float>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(grid.cut, 0);
    EXPECT_NEAR(integer_output(grid, scales, 2, {0.5f, 0.25f, 0, 0}), 3 - 0.75, 1e-4);
    const Tensor constant = Tensor::from<float>({6, 1, 1, 1}, std::vector<float>(6, 0.75f));
    EXPECT_EQ(choose_scales(constant, input, s).range, std::vector<float>{0.5f});
  }
}

}  // namespace
}  // namespace frugal::test
