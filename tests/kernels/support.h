// Every instruction set of this machine against the scalar reference.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernels/conv2d.h"
#include "kernels/kernels.h"

namespace frugal::test {

inline std::vector<Isa> wide_isas() {
  std::vector<Isa> found;
  for (Isa isa : {Isa::avx2, Isa::avx512})
    if (isa_supported(isa)) found.push_back(isa);
  return found;
}

class EachIsa : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!isa_supported(GetParam())) GTEST_SKIP() << "this processor lacks " << name(GetParam());
  }
  const KernelTable& table() const { return kernels(GetParam()); }
  const KernelTable& reference() const { return kernels(Isa::scalar); }
};

inline std::string isa_name(const ::testing::TestParamInfo<Isa>& info) { return std::string(name(info.param)); }
#define FRUGAL_EACH_ISA(suite) \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, ::testing::Values(Isa::avx2, Isa::avx512), ::frugal::test::isa_name)

inline std::vector<float> random_values(std::int64_t n, const std::string& stream, float lo = -1, float hi = 1) {
  RandomStream random(7, stream);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& v : values) v = random.uniform(lo, hi);
  return values;
}

// "Same" padding over a picture that is no square.
inline Conv2dShape picture_shape(std::int64_t batch, std::int64_t in_c, std::int64_t out_c, std::int64_t side,
                                 std::int64_t kernel, std::int64_t stride, std::int64_t groups = 1) {
  Conv2dShape s;
  s.batch = batch, s.in_c = in_c, s.out_c = out_c, s.in_h = side, s.in_w = side + 3, s.groups = groups;
  s.kernel_h = s.kernel_w = kernel, s.stride_h = s.stride_w = stride, s.pad_top = s.pad_left = kernel / 2;
  s.out_h = conv_out_size(s.in_h, kernel / 2 * 2, kernel, stride, 1);
  s.out_w = conv_out_size(s.in_w, kernel / 2 * 2, kernel, stride, 1);
  return s;
}

// |got - want| <= tolerance * (1 + |want|), NaN only where NaN is wanted.
inline void expect_close(const std::vector<float>& got, const std::vector<float>& want, float tolerance,
                         const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(want[i]) ? std::isnan(got[i])
                            : std::abs(got[i] - want[i]) <= tolerance * (1 + std::abs(want[i])) || got[i] == want[i])
      continue;
    FAIL() << what << ": element " << i << " is " << got[i] << ", wanted " << want[i];
  }
}

inline void expect_same_bits(const std::vector<float>& a, const std::vector<float>& b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0) << what;
}

inline const std::vector<ActivationSpec>& all_activations() {  // prelu's slope is the caller's
  static const std::vector<ActivationSpec> specs = {
      {Activation::none, 0, 0, nullptr},         {Activation::relu, 0, 0, nullptr},
      {Activation::clip, -0.25f, 0.5f, nullptr}, {Activation::leaky_relu, 0.1f, 0, nullptr},
      {Activation::sigmoid, 0, 0, nullptr},      {Activation::hard_sigmoid, 1.0f / 6, 0.5f, nullptr},
      {Activation::silu, 0, 0, nullptr},         {Activation::hard_swish, 0, 0, nullptr},
      {Activation::gelu, 0, 0, nullptr},         {Activation::gelu_tanh, 0, 0, nullptr},
      {Activation::tanh, 0, 0, nullptr},         {Activation::exp, 0, 0, nullptr},
  };
  return specs;
}

}  // namespace frugal::test
