#include "frugal/tensor.h"

#include <cmath>
#include <limits>

#include "support/support.h"

namespace frugal {
namespace {

constexpr DType kAll[] = {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8,
                          DType::u8,  DType::i16, DType::i32, DType::i64,  DType::boolean};

TEST(DType, TableAgreesWithTheEnumeration) {
  for (DType t : kAll) {
    EXPECT_EQ(dtype_info(t).dtype, t);
    EXPECT_EQ(dtype_from_name(name(t)), t);
  }
  EXPECT_EQ(byte_size(DType::bf16, {3, 5}), 30u);
  EXPECT_ERROR(dtype_from_name("float31"), "float32");  // the message lists what is known
}

TEST(Shape, CountsElements) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({2, 0, 4}), 0);
  EXPECT_EQ(to_string({1, 3, 224, 224}), "1x3x224x224");
  EXPECT_EQ(to_string({}), "scalar");
}

TEST(Shape, RefusesWhatCannotBe) {
  constexpr std::int64_t big = std::numeric_limits<std::int64_t>::max();
  EXPECT_ERROR(element_count({2, -1}), "negative");
  EXPECT_ERROR(element_count({big, 2}), "overflow");
  EXPECT_ERROR(byte_size(DType::f32, {big / 2}), "overflow");
  EXPECT_ERROR(element_count(Shape(9, 1)), "at most 8");
  EXPECT_ERROR(Tensor(DType::u8, {std::int64_t{1} << 50}), "too large");
}

TEST(Tensor, StartsZeroedAndAligned) {
  for (DType t : kAll) {
    Tensor x(t, {3, 7});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.raw()) % 64, 0u);
    EXPECT_EQ(x.bytes(), byte_size(t, {3, 7}));
    for (std::size_t i = 0; i < x.bytes(); ++i) ASSERT_EQ(static_cast<char*>(x.raw())[i], 0);
  }
}

TEST(Tensor, EmptyAndZeroElements) {
  EXPECT_FALSE(Tensor().defined());
  Tensor none(DType::f32, {0, 4});
  EXPECT_TRUE(none.defined());
  EXPECT_EQ(none.numel(), 0);
  EXPECT_EQ(Tensor::scalar(2.5f).data<float>()[0], 2.5f);
  EXPECT_EQ(Tensor::scalar(2.5f).rank(), 0);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor a = Tensor::from<float>({2, 2}, {1, 2, 3, 4});
  Tensor shared = a, cloned = a.clone(), viewed = a.reshape({4});
  a.data<float>()[0] = 9;
  EXPECT_EQ(shared.data<float>()[0], 9);
  EXPECT_EQ(viewed.data<float>()[0], 9);
  EXPECT_EQ(cloned.data<float>()[0], 1);
  EXPECT_EQ(a.dim(-1), 2);
}

TEST(Tensor, WrapKeepsTheOwnerAlive) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3});
  std::weak_ptr<std::vector<float>> watch = owner;
  {
    Tensor t = Tensor::wrap(DType::f32, {3}, owner->data(), owner);
    owner.reset();
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(t.data<float>()[2], 3);
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Tensor, RefusesWrongUse) {
  Tensor a(DType::f32, {2, 3});
  EXPECT_ERROR(a.reshape({5}), "element counts differ");
  EXPECT_ERROR(a.data<std::int32_t>(), "float32 was read as int32");
  EXPECT_ERROR(Tensor::from<float>({2}, {1, 2, 3}), "12 bytes of data do not fill shape 2");
}

TEST(Tensor, ConvertsBetweenAllTypes) {
  Tensor small = Tensor::from<std::int32_t>({4}, {0, 1, 1, 0});  // exact in every type, bool too
  for (DType from : kAll)
    for (DType to : kAll)
      EXPECT_TRUE(test::same(small.to(from).to(to).to(DType::i32), small)) << name(from) << name(to);
  Tensor x = Tensor::from<float>({3}, {1.0009765625f, -3.75f, 100});
  EXPECT_TRUE(test::same(x.to(DType::f64).to(DType::f32), x));
  EXPECT_TRUE(test::same(x.to(DType::f16).to(DType::f32), x));
  EXPECT_EQ(x.to(DType::i8).data<std::int8_t>()[1], -3);  // towards zero
}

TEST(Tensor, LargeIntegersSurvive) {
  std::int64_t big = (std::int64_t{1} << 53) + 1;
  EXPECT_EQ(Tensor::from<std::int64_t>({1}, {big}).to(DType::i64).data<std::int64_t>()[0], big);
}

TEST(Support, CloseSeesEachKindOfDifference) {
  Tensor a = Tensor::from<float>({3}, {1, 2, 3});
  EXPECT_TRUE(test::close(a, Tensor::from<float>({3}, {1, 2, 3.00001f})));
  EXPECT_FALSE(test::close(a, Tensor::from<float>({3}, {1, 2, 3.001f})));
  EXPECT_FALSE(test::close(a, Tensor::from<float>({3}, {1, 2, NAN})));
  EXPECT_FALSE(test::close(a, Tensor::from<float>({1, 3}, {1, 2, 3})));
  EXPECT_FALSE(test::close(a, a.to(DType::f64)));
  EXPECT_FALSE(test::same(a, Tensor::from<float>({3}, {1, 2, 4})));
}

}  // namespace
}  // namespace frugal
