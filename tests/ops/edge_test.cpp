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
      {{.op = "max_pool2d",
        .attrs = {{"kernel", Ints{2, 2}}, {"stride", Ints{2, 2}}, {"padding", Ints{2, 0, 0, 0}}},
        .inputs = {in({1, 1, 4, 4})}},
       "more than half"},
  };
  for (const auto& [row, word] : wrong) {
    SCOPED_TRACE(row.op);
    EXPECT_ERROR(row_model(row), word);
  }
}

}  // namespace
}  // namespace frugal::test
