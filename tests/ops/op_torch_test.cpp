// Every row of the table through LibTorch: against the engine, and its gradient against finite differences.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "frugal/session.h"
#include "graph/op.h"
#include "ops/row_test.h"
#include "train/interpreter.h"

namespace frugal::test {
namespace {

class OpTorch : public testing::TestWithParam<OpRow> {};
INSTANTIATE_TEST_SUITE_P(Table, OpTorch, testing::ValuesIn(test_rows()), row_name);

TEST_P(OpTorch, TheEngineAgrees) {
  const std::vector<Tensor> inputs = row_inputs(GetParam());
  for (const Model& model : {row_model(GetParam()), surrounded_model(GetParam())}) {
    Interpreter interpreter(model.graph, model.weights);
    torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> torch_inputs;
    for (const Tensor& t : inputs) torch_inputs.push_back(to_torch(t));
    std::vector<Tensor> expected;
    for (const torch::Tensor& t : interpreter.forward(torch_inputs, false)) expected.push_back(from_torch(t));
    for (bool optimize : {false, true}) {
      SCOPED_TRACE((optimize ? "optimized, " : "plain, ") + std::to_string(model.graph.nodes().size()) + " nodes");
      expect_rows_close(Session(model, {.threads = 1, .optimize = optimize}).run(inputs), expected, GetParam(),
                        GetParam().torch_steps);
    }
  }
}

// The sum of all float outputs weighted with fixed random numbers: a scalar that every element matters to.
struct Loss {
  const OpRow& row;
  Interpreter& interpreter;
  bool training;

  torch::Tensor operator()(const std::vector<torch::Tensor>& inputs) const {
    torch::Tensor loss = torch::zeros({}, torch::kFloat64);
    int stream = 0;
    for (const torch::Tensor& out : interpreter.forward(inputs, training)) {
      if (!out.is_floating_point()) continue;
      Tensor weights = random_tensor(out.sizes().vec(), static_cast<std::uint64_t>(++stream));
      loss = loss + (out * to_torch(weights).to(torch::kFloat64)).sum();
    }
    return loss;
  }
};

void check_gradient(const Loss& loss, const std::vector<torch::Tensor>& inputs, torch::Tensor leaf,
                    const std::string& what) {
  if (leaf.numel() == 0) return;
  if (leaf.grad().defined()) leaf.mutable_grad().zero_();
  torch::Tensor value = loss(inputs);
  if (!value.requires_grad()) return;
  value.backward();
  ASSERT_TRUE(leaf.grad().defined()) << what << " has no gradient";
  constexpr double kStep = 1e-5;
  constexpr std::int64_t kProbes = 12;
  torch::NoGradGuard no_grad;
  torch::Tensor flat = leaf.view(-1), gradient = leaf.grad().reshape(-1);
  RandomStream random(3, what);
  for (std::int64_t probe = 0; probe < std::min(kProbes, leaf.numel()); ++probe) {
    std::int64_t i = leaf.numel() <= kProbes ? probe : random.below(static_cast<std::uint32_t>(leaf.numel()));
    double kept = flat[i].item<double>();
    flat[i] = kept + kStep;
    double above = loss(inputs).item<double>();
    flat[i] = kept - kStep;
    double below = loss(inputs).item<double>();
    flat[i] = kept;
    double expected = (above - below) / (2 * kStep), got = gradient[i].item<double>();
    EXPECT_NEAR(got, expected, 1e-6 * (1 + std::abs(expected))) << what << ", element " << i;
  }
}

std::vector<OpRow> gradient_rows() {
  std::vector<OpRow> rows = test_rows();
  std::erase_if(rows, [](const OpRow& row) { return !row.gradient; });
  return rows;
}

class OpGradient : public testing::TestWithParam<OpRow> {};
INSTANTIATE_TEST_SUITE_P(Table, OpGradient, testing::ValuesIn(gradient_rows()), row_name);

TEST_P(OpGradient, IsTheFiniteDifference) {
  const OpRow& row = GetParam();
  const Model model = row_model(row);
  for (bool training : {false, true}) {
    if (training && !row.training_differs) continue;
    Interpreter interpreter(model.graph, model.weights, torch::kCPU, torch::kFloat64);
    std::vector<torch::Tensor> inputs;
    for (const Tensor& t : row_inputs(row)) {
      torch::Tensor x = to_torch(t);
      inputs.push_back(x.is_floating_point() ? x.to(torch::kFloat64).set_requires_grad(true) : x);
    }
    Loss loss{row, interpreter, training};
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].is_floating_point()) check_gradient(loss, inputs, inputs[i], "input " + std::to_string(i));
    for (const std::string& name : interpreter.parameter_names())
      check_gradient(loss, inputs, interpreter.weights().at(name), "weight " + name);
  }
}

TEST(OpTable, EveryOpCanBeTrained) {
  for (const std::string& op : OpRegistry::instance().names()) {
    EXPECT_TRUE(has_row(op)) << op;
    EXPECT_NO_THROW(TorchRegistry::instance().get(op)) << op;
  }
}

}  // namespace
}  // namespace frugal::test
