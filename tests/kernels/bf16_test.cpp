// bfloat16 layers against the reference, which rounds alike: only the order of sums differs.
#include "kernels/bf16.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/conv2d.h"
#include "kernels/support.h"
#include "tensor/half.h"

namespace frugal {
namespace {

Conv2dShape rows(std::int64_t m, std::int64_t k, std::int64_t n) {
  Conv2dShape s;
  s.in_c = k, s.out_c = n, s.in_w = s.out_w = m;
  return s;
}

std::vector<float> to_blocked(const KernelTable& t, const std::vector<float>& plain, std::int64_t channels,
                              std::int64_t pixels) {
  // Lanes beyond the channels may hold anything.
  std::vector<float> out(static_cast<std::size_t>(blocked_floats(t, channels, pixels)), std::nanf(""));
  const std::int64_t c = t.channel_block;
  for (std::int64_t i = 0; i < channels; ++i)
    for (std::int64_t p = 0; p < pixels; ++p)
      out[static_cast<std::size_t>((i / c * pixels + p) * c + i % c)] = plain[static_cast<std::size_t>(i * pixels + p)];
  return out;
}

std::vector<float> run(const KernelTable& t, const Conv2dShape& s, bool row_major, const std::vector<float>& in,
                       const std::vector<float>& weights, const Epilogue& epilogue, int threads) {
  const Bf16Plan plan{&t, s, row_major};
  const std::vector<std::uint16_t> packed = bf16_pack(plan, weights.data());
  std::vector<std::uint8_t> scratch(static_cast<std::size_t>(bf16_scratch_bytes(plan, threads)));
  const std::int64_t pixels = s.out_h * s.out_w;
  std::vector<float> out(static_cast<std::size_t>(row_major ? s.out_c * pixels : blocked_floats(t, s.out_c, pixels)));
  ThreadPool pool(threads);
  bf16_run(plan, pool, row_major ? in.data() : to_blocked(t, in, s.in_c, s.in_h * s.in_w).data(), packed.data(),
           out.data(), epilogue, scratch.data());
  if (row_major) return out;
  std::vector<float> plain(static_cast<std::size_t>(s.out_c * pixels));
  t.to_plain(s.out_c, pixels, out.data(), plain.data(), 0, (s.out_c + t.channel_block - 1) / t.channel_block);
  return plain;
}

TEST(Bf16, KernelsAgreeWithTheReferenceThatRoundsAlike) {
  if (!bf16_supported()) GTEST_SKIP() << "this processor lacks AVX512_BF16";
  const std::vector<std::pair<Conv2dShape, bool>> cases = {{test::picture_shape(1, 3, 17, 9, 3, 2), false},
                                                           {test::picture_shape(1, 35, 40, 6, 3, 1), false},
                                                           {test::picture_shape(1, 64, 24, 7, 1, 1), false},
                                                           {test::picture_shape(1, 48, 30, 8, 1, 2), false},
                                                           {test::picture_shape(1, 32, 64, 5, 3, 1, 2), false},
                                                           {rows(1, 1000, 33), true},
                                                           {rows(37, 71, 19), true}};
  for (const auto& [s, row_major] : cases) {
    const std::vector<float> in = test::random_values(s.in_c * s.in_h * s.in_w, "in"),
                             bias = test::random_values(s.out_c, "bias"),
                             weights = test::random_values(s.out_c * (s.in_c / s.groups) * s.kernel_h * s.kernel_w,
                                                           "weights");
    Epilogue e;
    e.bias = bias.data();
    e.activation.kind = Activation::silu;
    const std::vector<float> want = run(kernels(Isa::scalar), s, row_major, in, weights, e, 1);
    const std::vector<float> got = run(kernels(Isa::avx512), s, row_major, in, weights, e, 1);
    test::expect_close(got, want, 2e-5f, fmt::format("in_c {}", s.in_c));
    for (int threads : {2, 3})
      test::expect_same_bits(run(kernels(Isa::avx512), s, row_major, in, weights, e, threads), got, "threads");
  }
}

// Rounded inputs and weights: 1 + 2^-9 is 1 in bfloat16.
TEST(Bf16, InputsAndWeightsAreRounded) {
  std::vector<Isa> isas{Isa::scalar};
  if (bf16_supported()) isas.push_back(Isa::avx512);
  for (Isa isa : isas)
    EXPECT_EQ(run(kernels(isa), rows(1, 2, 1), true, {1 + 0x1p-9f, 2}, {1, 3 - 0x1p-9f}, {}, 1)[0], 7.0f) << name(isa);
}

}  // namespace
}  // namespace frugal
