// What the table's random inputs do not reach: values at the edge, and nodes that must be refused.
#include <gtest/gtest.h>

#include <limits>

#include "frugal/session.h"
#include "ops/row_test.h"

namespace frugal::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

Tensor run_one(const OpRow& row, const std::vector<Tensor>& inputs) {
  return Session(row_model(row), {.threads = 1}).run(inputs)[0];
}

TEST(Embedding, AnIdOutsideTheTableGivesNan) {
  const OpRow row{.op = "embedding", .inputs = {ids({6}, 3), in({3, 2})}};
  Tensor table = Tensor::from<float>({3, 2}, {0, 1, 2, 3, 4, 5});
  Tensor wanted = Tensor::from<float>({6, 2}, {4, 5, kNan, kNan, 0, 1, kNan, kNan, kNan, kNan, kNan, kNan});
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(close(run_one(row, {Tensor::from<std::int64_t>({6}, {2, 3, 0, -1, largest, -largest - 1}), table}),
                    wanted, 0, 0));
}

TEST(Argmax, TakesTheFirstOfEqualsAndNanBeforeAll) {
  const OpRow row{.op = "argmax", .inputs = {in({5, 3})}};
  Tensor x = Tensor::from<float>({5, 3}, {1, 1, 0, 0, 2, 2, 5, kNan, kInf, kNan, kNan, 1, -kInf, -kInf, -kInf});
  EXPECT_TRUE(same(run_one(row, {x}), Tensor::from<std::int64_t>({5}, {0, 1, 1, 0, 0})));
}

TEST(Softmax, LargeNumbersDoNotOverflow) {
  for (std::int64_t axis : {0, 1}) {
    const OpRow row{.op = "softmax", .attrs = {{"axis", axis}}, .inputs = {in({2, 2})}};
    Tensor x = Tensor::from<float>({2, 2}, {3e38f, 3e38f, 3e38f, 3e38f});
    EXPECT_TRUE(close(run_one(row, {x}), Tensor::from<float>({2, 2}, {0.5f, 0.5f, 0.5f, 0.5f}), 1e-6));
  }
}

TEST(Divide, ByZeroFollowsIeee) {
  const OpRow row{.op = "div", .inputs = {in({3}), in({3})}};
  EXPECT_TRUE(close(run_one(row, {Tensor::from<float>({3}, {1, -1, 0}), Tensor::from<float>({3}, {0, 0, 0})}),
                    Tensor::from<float>({3}, {kInf, -kInf, kNan}), 0, 0));
}

TEST(Gather, AnIndexOutsideGivesNanOrZero) {
  const Tensor at = Tensor::from<std::int64_t>({4}, {1, -1, 3, -4});
  EXPECT_TRUE(
      close(run_one({.op = "gather", .inputs = {in({3}), ids({4}, 3)}}, {Tensor::from<float>({3}, {5, 6, 7}), at}),
            Tensor::from<float>({4}, {6, 7, kNan, kNan}), 0, 0));
  EXPECT_TRUE(same(run_one({.op = "gather", .inputs = {typed({3}, DType::i32, 9), ids({4}, 3)}},
                           {Tensor::from<std::int32_t>({3}, {5, 6, 7}), at}),
                   Tensor::from<std::int32_t>({4}, {6, 7, 0, 0})));
}

TEST(Scatter, TheLastOfEqualsCountsAndIndicesOutsideAreLeftOut) {
  const OpRow row{.op = "scatter_elements", .inputs = {in({3}), ids({4}, 3), in({4})}};
  EXPECT_TRUE(same(run_one(row, {Tensor::from<float>({3}, {1, 2, 3}), Tensor::from<std::int64_t>({4}, {0, -3, 3, 1}),
                                 Tensor::from<float>({4}, {10, 20, 30, 40})}),
                   Tensor::from<float>({3}, {20, 40, 3})));
}

TEST(Cast, FloatToIntegerTruncatesAndSaturates) {
  const Tensor x = Tensor::from<float>({8}, {1.9f, -1.9f, 300, -300, kInf, -kInf, kNan, 1e20f});
  auto cast = [&](const char* to) { return run_one({.op = "cast", .attrs = {{"to", to}}, .inputs = {in({8})}}, {x}); };
  EXPECT_TRUE(same(cast("int8"), Tensor::from<std::int8_t>({8}, {1, -1, 127, -128, 127, -128, 0, 127})));
  EXPECT_TRUE(same(cast("uint8"), Tensor::from<std::uint8_t>({8}, {1, 0, 255, 0, 255, 0, 0, 255})));
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                         high = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(same(cast("int64"), Tensor::from<std::int64_t>({8}, {1, -1, 300, -300, high, low, 0, high})));
}

TEST(IsInf, TellsTheSignsApart) {
  const Tensor x = Tensor::from<float>({4}, {1, kInf, -kInf, kNan});
  auto bools = [](std::vector<std::uint8_t> v) { return tensor_from_bytes(DType::boolean, {4}, v.data(), 4); };
  EXPECT_TRUE(same(run_one({.op = "is_inf", .inputs = {in({4})}}, {x}), bools({0, 1, 1, 0})));
  EXPECT_TRUE(same(run_one({.op = "is_inf", .attrs = {{"detect_negative", false}}, .inputs = {in({4})}}, {x}),
                   bools({0, 1, 0, 0})));
  EXPECT_TRUE(same(run_one({.op = "is_nan", .inputs = {in({4})}}, {x}), bools({0, 0, 0, 1})));
}

TEST(Integers, DivisionNeitherTrapsNorOverflows) {
  constexpr std::int32_t low = std::numeric_limits<std::int32_t>::min();
  const Tensor a = Tensor::from<std::int32_t>({4}, {7, low, low, -7}),
               b = Tensor::from<std::int32_t>({4}, {0, -1, 0, 2});
  auto run = [&](const char* op) {
    return run_one({.op = op, .inputs = {typed({4}, DType::i32, 9), typed({4}, DType::i32, 9)}}, {a, b});
  };
  EXPECT_TRUE(same(run("div"), Tensor::from<std::int32_t>({4}, {0, low, 0, -3})));
  EXPECT_TRUE(same(run("mod"), Tensor::from<std::int32_t>({4}, {0, 0, 0, 1})));
}

TEST(Maximum, NanWinsOnEitherSideAndInReductions) {
  std::vector<float> many(40, 1.0f);
  many[3] = kNan;
  const Tensor x = Tensor::from<float>({40}, many), ones = Tensor::from<float>({40}, std::vector<float>(40, 1.0f));
  for (const char* op : {"maximum", "minimum"}) {
    const OpRow row{.op = op, .inputs = {in({40}), in({40})}};
    EXPECT_TRUE(close(run_one(row, {x, ones}), x, 0, 0));
    EXPECT_TRUE(close(run_one(row, {ones, x}), x, 0, 0));
  }
  for (const char* op : {"reduce_max", "reduce_min"})
    EXPECT_TRUE(close(run_one({.op = op, .inputs = {in({40})}}, {x}), Tensor::from<float>({1}, {kNan}), 0, 0));
}

TEST(Round, HalvesGoToTheEvenNumber) {
  const Tensor x = Tensor::from<float>({5}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f});
  EXPECT_TRUE(
      close(run_one({.op = "round", .inputs = {in({5})}}, {x}), Tensor::from<float>({5}, {0, 2, 2, 0, -2}), 0, 0));
}

TEST(Nodes, WrongOnesAreRefusedWithASentence) {
  const struct {
    OpRow row;
    const char* word;
  } wrong[] = {
      {{.op = "sigmoid", .inputs = {ids({2}, 3)}}, "must be of a floating type, not int64"},
      {{.op = "embedding", .inputs = {in({2}), weight({3, 4})}}, "must be int32 or int64, not float32"},
      {{.op = "add", .inputs = {in({2, 3}), in({4, 3})}}, "do not broadcast"},
      {{.op = "add", .inputs = {in({2})}}, "'b' is missing"},
      {{.op = "prelu", .inputs = {in({2, 3}), weight({2})}}, "takes 1 or one a channel"},
      {{.op = "softmax", .attrs = {{"axis", 2}}, .inputs = {in({2, 3})}}, "axis 2 is outside"},
      {{.op = "layer_norm", .inputs = {in({2, 3}), weight({2}), absent()}}, "'weight' has shape"},
      {{.op = "matmul", .inputs = {in({2, 3}), in({4, 2})}}, "inner dims 3 and 4 differ"},
      {{.op = "matmul", .inputs = {in({3}), in({3, 2})}}, "at least 2 dims"},
      {{.op = "reduce_mean", .attrs = {{"axes", Ints{1, -1}}}, .inputs = {in({2, 3})}}, "named twice"},
      {{.op = "argmax", .inputs = {in({2, 0})}}, "is empty"},
      {{.op = "transpose", .attrs = {{"perm", Ints{0, 0}}}, .inputs = {in({2, 3})}}, "once"},
      {{.op = "transpose", .attrs = {{"perm", Ints{0}}}, .inputs = {in({2, 3})}}, "1 axes"},
      {{.op = "split", .attrs = {{"sizes", Ints{1, 1}}}, .inputs = {in({2, 3})}}, "add up to 2"},
      {{.op = "split", .attrs = {{"sizes", Ints{}}}, .inputs = {in({2, 3})}}, "sizes is empty"},
      {{.op = "dropout", .attrs = {{"rate", 1.5}}, .inputs = {in({2})}}, "at most 1"},
      {{.op = "gelu", .attrs = {{"approximate", "sigmoid"}}, .inputs = {in({2})}}, "one of none, tanh"},
      {{.op = "global_avg_pool", .inputs = {in({1, 2, 0, 3})}}, "no pixels"},
      {{.op = "batch_norm", .inputs = {in({2, 3}), weight({3}), weight({3}), buffer({3}), buffer({2})}},
       "has 3 channels"},
      {{.op = "conv2d", .inputs = {in({1, 3, 4, 4}), weight({4, 2, 3, 3}), absent()}}, "3 channels"},
      {{.op = "linear", .inputs = {in({1, 3}), weight({4, 2}), absent()}}, "last dim is 3"},
      {{.op = "reshape", .attrs = {{"shape", Ints{4}}}, .inputs = {in({2, 3})}}, "another number of elements"},
      {{.op = "where", .inputs = {in({2}), in({2}), in({2})}}, "must be bool, not float32"},
      {{.op = "add", .inputs = {in({2}), ids({2}, 3)}}, "different types"},
      {{.op = "gather", .attrs = {{"axis", 2}}, .inputs = {in({2, 3}), ids({2}, 2)}}, "axis 2 is outside"},
      {{.op = "tile", .attrs = {{"repeats", Ints{2}}}, .inputs = {in({2, 3})}}, "1 repeats"},
      {{.op = "top_k", .attrs = {{"k", 4}}, .inputs = {in({2, 3})}}, "the 4 largest of 3"},
      {{.op = "group_norm", .attrs = {{"groups", 2}}, .inputs = {in({1, 3, 2, 2}), weight({3}), weight({3})}},
       "into 2 groups"},
      {{.op = "conv_transpose2d", .inputs = {in({1, 3, 4, 4}), weight({4, 2, 3, 3}), absent()}}, "3 channels"},
      {{.op = "lstm",
        .attrs = {{"hidden", 4}},
        .inputs = {in({2, 1, 3}), weight({1, 16, 3}), weight({1, 16, 5}), absent(), absent(), absent()}},
       "'r' has shape"},
      {{.op = "max_pool2d",
        .attrs = {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}, {"padding", Ints{2, 0, 0, 0}}},
        .inputs = {in({1, 1, 4, 4})}},
       "not less than the window"},
  };
  for (const auto& [row, word] : wrong) {
    SCOPED_TRACE(row.op);
    EXPECT_ERROR(row_model(row), word);
  }
}

}  // namespace
}  // namespace frugal::test
