// Models with block-quantised weights through the engine.
#include <gtest/gtest.h>

#include <cstring>

#include "frugal/session.h"
#include "kernels/kernels.h"
#include "ops/table.h"
#include "support/support.h"

namespace frugal::test {
namespace {

constexpr std::int64_t kWords = 70, kWidth = 256;

// Rows of a table, and the product with the same table: the two ends of a language model.
Model tied_model(DType type) {
  Model model;
  model.weights.emplace("table", random_tensor({kWords, kWidth}, 1).to(type));
  const ValueId table = model.graph.add_weight("table", type, {kWords, kWidth}, WeightRole::parameter);
  const ValueId ids = model.graph.add_input("ids", {DType::i64, {Dim::symbol("tokens")}});
  const ValueId x = model.graph.add_node("embedding", "rows", {ids, table})[0];
  model.graph.add_output(model.graph.add_node("linear", "head", {x, table, kNone})[0], "logits");
  return model;
}

std::vector<Tensor> some_ids(std::int64_t n) {
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < n; ++i) ids.push_back(i * 37 % kWords);
  return {Tensor::from<std::int64_t>({n}, ids)};
}

class BlockWeights : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Types, BlockWeights, testing::ValuesIn(small_weight_types()),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(BlockWeights, OneCopyServesTheTableAndTheHead) {
  Session session(tied_model(GetParam()), {.threads = 1});
  session.run(some_ids(3));
  EXPECT_LE(session.packed_bytes(), byte_size(GetParam(), {80, kWidth}) + 4096);
}

TEST_P(BlockWeights, TheNumbersAreThoseOfTheFloatsTheyStandFor) {
  Model floats = tied_model(DType::f32);
  const Model model = tied_model(GetParam());
  floats.weights.at("table") = model.weights.at("table").to(DType::f32);
  const Tensor want = Session(floats, {.threads = 1}).run(some_ids(9))[0];
  EXPECT_TRUE(close(Session(model, {.threads = 1}).run(some_ids(9))[0], want, 1e-4, 0));
  // Of inputs rounded to 8 bits: the sum of 256 errors of at most 1/254 of the largest, at random.
  EXPECT_TRUE(close(Session(model, {.threads = 1, .precision = "int8"}).run(some_ids(9))[0], want, 1.0, 0));
}

// What makes verifying drafts exact: a token's numbers are the same alone and among others, on any number of threads
// and with any instruction set.
TEST_P(BlockWeights, ATokenAloneGivesTheBitsItGivesAmongOthers) {
  const Model model = tied_model(GetParam());
  for (const char* precision : {"float32", "int8"}) {
    const Tensor all = Session(model, {.threads = 1, .precision = precision}).run(some_ids(33))[0];
    for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
      if (!isa_supported(isa)) continue;
      for (int threads : {1, 2}) {
        Session session(model, {.threads = threads, .precision = precision, .isa = std::string(name(isa))});
        for (std::int64_t n : {1, 2, 5, 8, 13}) {
          const Tensor some = session.run(some_ids(n))[0];
          EXPECT_EQ(std::memcmp(some.raw(), all.raw(), some.bytes()), 0)
              << precision << ", " << name(isa) << ", " << n << " tokens, " << threads << " threads";
        }
      }
    }
  }
}

// Query, key and value of one input, and a gate with its activation, are one step and give the same numbers.
TEST(LinearGroup, LayersOfOneInputBecomeOneStep) {
  Model model;
  auto layer = [&](const char* name, ValueId x, DType type, std::int64_t out) {
    const std::string weight = std::string(name) + ".weight";
    model.weights.emplace(weight, random_tensor({out, kWidth}, static_cast<std::uint64_t>(out)).to(type));
    return model.graph.add_node(
        "linear", name, {x, model.graph.add_weight(weight, type, {out, kWidth}, WeightRole::parameter), kNone})[0];
  };
  const ValueId x = model.graph.add_input("x", {DType::f32, {Dim::symbol("tokens"), kWidth}});
  const ValueId gate = model.graph.add_node("silu", "activation", {layer("gate", x, DType::q4_k, 48)})[0];
  const ValueId up = layer("up", x, DType::q6_k, 48), alone = layer("alone", x, DType::f32, 21);
  model.graph.add_output(model.graph.add_node("mul", "product", {gate, up})[0], "product");
  model.graph.add_output(alone, "alone");
  const std::vector<Tensor> inputs = {random_tensor({5, kWidth}, 3)};
  for (const char* precision : {"float32", "int8"}) {
    const std::vector<Tensor> want =
        Session(model, {.threads = 1, .optimize = false, .precision = precision, .isa = "scalar"}).run(inputs);
    Session session(model, {.threads = 2, .profile = true, .precision = precision});
    const std::vector<Tensor> got = session.run(inputs);
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_TRUE(close(got[i], want[i], 1e-4, 1e-5)) << precision;
    std::vector<std::string> names;
    for (const NodeProfile& step : session.profile()) names.push_back(step.name + ": " + step.op);
    EXPECT_EQ(names,
              (std::vector<std::string>{"gate + activation | up: linear_group", "alone: linear", "product: mul"}));
  }
}

TEST(BlockWeightsRefused, AnUnknownPrecisionAndFloat64) {
  EXPECT_ERROR(Session(tied_model(DType::q8_0), {.precision = "int4"}), "int8");
  EXPECT_ERROR(tied_model(DType::f64), "block-quantised, not float64");
}

}  // namespace
}  // namespace frugal::test
