// 8-bit sums are equal to the last bit on every path, whatever the weights are.
#include "kernels/int8.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "kernels/conv2d.h"
#include "kernels/evex_vnni.h"
#include "kernels/support.h"

namespace frugal {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes random_bytes(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  Bytes out(static_cast<std::size_t>(n));
  for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}

Bytes blocked(const KernelTable& t, const Conv2dShape& s, const Bytes& plain) {
  const std::int64_t c = t.channel_block, blocks = (s.in_c + c - 1) / c, pixels = s.in_h * s.in_w;
  Bytes out(static_cast<std::size_t>(s.batch * blocks * pixels * c), 99);
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t i = 0; i < s.in_c; ++i)
      for (std::int64_t p = 0; p < pixels; ++p)
        out[static_cast<std::size_t>(((n * blocks + i / c) * pixels + p) * c + i % c)] =
            plain[static_cast<std::size_t>((n * s.in_c + i) * pixels + p)];
  return out;
}

std::vector<float> plain_sums(const KernelTable& t, const Conv2dShape& s, const std::vector<float>& sums) {
  const std::int64_t c = t.channel_block, blocks = (s.out_c + c - 1) / c, pixels = s.out_h * s.out_w;
  std::vector<float> out;
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t o = 0; o < s.out_c; ++o)
      for (std::int64_t p = 0; p < pixels; ++p)
        out.push_back(sums[static_cast<std::size_t>(((n * blocks + o / c) * pixels + p) * c + o % c)]);
  return out;
}

std::vector<float> sums(const KernelTable& t, const Conv2dShape& s, bool row_major, const Bytes& in,
                        const Bytes& weights, int threads, bool words = false) {
  const Int8Plan plan{&t, s, row_major, 77, words};
  const Bytes packed = int8_pack(plan, reinterpret_cast<const std::int8_t*>(weights.data()));
  Bytes scratch(static_cast<std::size_t>(int8_scratch_bytes(plan, threads)));
  const std::int64_t c = t.channel_block, padded = (s.out_c + c - 1) / c * c;
  const std::vector<float> ones(static_cast<std::size_t>(padded), 1), zeros(ones.size());
  std::vector<float> out(static_cast<std::size_t>(s.batch * padded * s.out_h * s.out_w));
  ThreadPool pool(threads);
  int8_run(plan, pool, row_major ? in.data() : blocked(t, s, in).data(), packed.data(), out.data(),
           {.multiplier = ones.data(), .bias = zeros.data()}, scratch.data());
  if (!row_major) return plain_sums(t, s, out);
  out.resize(static_cast<std::size_t>(s.out_w * s.out_c));
  return out;
}

Conv2dShape rows(std::int64_t m, std::int64_t k, std::int64_t n) {
  Conv2dShape s;
  s.in_c = k, s.out_c = n, s.in_w = s.out_w = m;
  return s;
}

void expect_exact(const KernelTable& t) {
  const std::vector<std::pair<Conv2dShape, bool>> cases = {{test::picture_shape(2, 3, 17, 9, 3, 2), false},
                                                           {test::picture_shape(2, 35, 40, 6, 3, 1), false},
                                                           {test::picture_shape(2, 64, 24, 7, 1, 1), false},
                                                           {test::picture_shape(2, 48, 30, 8, 1, 2), false},
                                                           {test::picture_shape(2, 32, 64, 5, 3, 1, 2), false},
                                                           {test::picture_shape(2, 16, 16, 9, 5, 1, 16), false},
                                                           {rows(1, 1000, 33), true},
                                                           {rows(37, 70, 19), true}};
  unsigned seed = 0;
  for (const auto& [s, row_major] : cases) {
    const Bytes in = random_bytes(s.batch * s.in_c * s.in_h * s.in_w, ++seed);
    // Any weights; the largest ones of one sign and of alternating signs, whose pairs overflow 16 bits; small ones.
    std::vector<Bytes> kinds(4, random_bytes(s.out_c * (s.in_c / s.groups) * s.kernel_h * s.kernel_w, ++seed));
    for (std::size_t i = 0; i < kinds[0].size(); ++i) {
      kinds[1][i] = 0x80, kinds[2][i] = i % 3 == 0 ? 0x7f : 0x80;
      kinds[3][i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(kinds[0][i]) / 2);
    }
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      const std::vector<float> want = sums(kernels(Isa::scalar), s, row_major, in, kinds[kind], 1);
      for (int threads : {1, 2, 3})
        for (bool words : {false, true})
          if (const bool depthwise = s.groups == s.in_c && s.groups > 1; !words || (t.int8.dense.splits && !depthwise))
            test::expect_same_bits(sums(t, s, row_major, in, kinds[kind], threads, words), want,
                                   fmt::format("in_c {}, weights {}, threads {}", s.in_c, kind, threads));
    }
  }
}

using Int8 = test::EachIsa;
TEST_P(Int8, SumsAreExact) { expect_exact(table()); }
FRUGAL_EACH_ISA(Int8);

TEST(Int8Vnni, TheCodeOfAvxVnniIsExactInTheEncodingOfAvx512) {
  __builtin_cpu_init();
  if (!isa_supported(Isa::avx2) || !__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512vl"))
    GTEST_SKIP() << "this processor lacks AVX512_VNNI";
  KernelTable t = kernels(Isa::avx2);
  t.int8.dense = avx2::evex_vnni();
  expect_exact(t);
}

// Weights that seldom overflow cost little more than their bytes.
TEST(Int8Pack, OnlyPairsThatOverflowAreSplit) {
  if (!isa_supported(Isa::avx2) || avx_vnni_supported()) GTEST_SKIP() << "weights are not split on this processor";
  const Int8Plan plan{&kernels(Isa::avx2), rows(8, 256, 256), true, 0};
  std::vector<std::int8_t> weights(256 * 256, 64);
  const std::size_t whole = int8_pack(plan, weights.data()).size();
  weights[1000] = 127;
  const std::size_t one = int8_pack(plan, weights.data()).size();
  EXPECT_EQ(one, whole + 8 * 4 + sizeof(DotRest));  // one vector
}

}  // namespace
}  // namespace frugal
