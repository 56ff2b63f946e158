#include "tensor/block_types.h"

#include <cmath>
#include <limits>

#include "support/support.h"

namespace frugal {
namespace {

using namespace test;

struct Budget {
  DType type;
  double error;  // relative root mean square on normal values
};
// A little above what is reached.
constexpr Budget kBudgets[] = {{DType::q8_0, 0.006}, {DType::q4_0, 0.092}, {DType::q4_1, 0.083}, {DType::q5_0, 0.046},
                               {DType::q5_1, 0.041}, {DType::q2_k, 0.285}, {DType::q3_k, 0.152}, {DType::q4_k, 0.075},
                               {DType::q5_k, 0.038}, {DType::q6_k, 0.019}};

Tensor normal_row(std::int64_t n) { return random_tensor({n}, 7); }

TEST(BlockTypes, StayWithinTheirErrorBudgets) {
  const Tensor x = normal_row(64 * 256);
  for (const Budget& b : kBudgets) {
    const Tensor back = x.to(b.type).to(DType::f32);
    double error = 0, square = 0;
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      error += std::pow(back.data<float>()[i] - x.data<float>()[i], 2);
      square += std::pow(x.data<float>()[i], 2);
    }
    EXPECT_LT(std::sqrt(error / square), b.error) << name(b.type);
    EXPECT_GT(std::sqrt(error / square), b.error * 0.8) << name(b.type);
  }
}

TEST(BlockTypes, KeepWhatTheyCanHoldExactly) {
  for (const Budget& b : kBudgets) {
    EXPECT_EQ(Tensor(b.type, {2, 256}).bytes(), byte_size(b.type, {512})) << name(b.type);
    const Tensor zero = Tensor(DType::f32, {2, 256}).to(b.type).to(DType::f32);
    for (std::int64_t i = 0; i < zero.numel(); ++i) ASSERT_EQ(zero.data<float>()[i], 0) << name(b.type);
    std::vector<float> signs(256);
    for (std::size_t i = 0; i < signs.size(); ++i) signs[i] = i % 3 == 0 ? -2.0f : 2.0f;
    const Tensor back = Tensor::from<float>({256}, signs).to(b.type).to(DType::f32);
    for (std::size_t i = 0; i < signs.size(); ++i)
      ASSERT_NEAR(back.data<float>()[i], signs[i], b.type == DType::q4_0 || b.type == DType::q3_k ? 0.51 : 0.14)
          << name(b.type);
  }
}

TEST(BlockTypes, RefuseWhatTheyCannotHold) {
  for (const Budget& b : kBudgets) {
    for (float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
      Tensor x = normal_row(256);
      x.data<float>()[200] = bad;
      EXPECT_ERROR(x.to(b.type), name(b.type));
    }
    for (float wide : {3e38f, -3e38f}) {
      Tensor x = normal_row(256);
      x.data<float>()[3] = wide;
      x.data<float>()[4] = -wide;
      SCOPED_TRACE(name(b.type));
      EXPECT_ERROR(x.to(b.type), "beyond a half's range");
    }
    Tensor tiny(DType::f32, {256});
    for (int i = 0; i < 256; ++i) tiny.data<float>()[i] = static_cast<float>(i - 100) * 1e-45f;
    EXPECT_EQ(tiny.to(b.type).to(DType::f32).data<float>()[255], 0) << name(b.type);
  }
}

TEST(BlockTypes, RowsAreWholeBlocks) {
  EXPECT_EQ(byte_size(DType::q4_k, {3, 512}), 3u * 2 * 144);
  EXPECT_EQ(byte_size(DType::q8_0, {0, 32}), 0u);
  EXPECT_ERROR(byte_size(DType::q4_k, {256, 3}), "the last dim must be a multiple of 256");
  EXPECT_ERROR(byte_size(DType::q4_0, {}), "multiple of 32");
  EXPECT_ERROR(Tensor(DType::q4_0, {2, 32}).reshape({4, 16}), "multiple of 32");
  EXPECT_EQ(Tensor(DType::q4_0, {2, 32}).reshape({64}).bytes(), 36u);
  EXPECT_ERROR(Tensor(DType::f32, {2, 31}).to(DType::q8_0), "multiple of 32");
}

TEST(BlockTypes, ConvertToAndFromOtherTypes) {
  const Tensor halves = normal_row(256).to(DType::bf16);
  const Tensor blocks = halves.to(DType::q8_0);
  EXPECT_EQ(blocks.dtype(), DType::q8_0);
  EXPECT_NEAR(blocks.to(DType::f64).data<double>()[9], halves.to(DType::f64).data<double>()[9], 0.02);
  EXPECT_EQ(blocks.to(DType::q4_k).dtype(), DType::q4_k);
}

}  // namespace
}  // namespace frugal
