// The training interpreter gives what the official code of each network gave.
#include <gtest/gtest.h>

#include "formats/weights.h"
#include "models/parity.h"
#include "train/interpreter.h"

namespace frugal::test {
namespace {

class ParityTorch : public testing::TestWithParam<ParityCase> {
  void SetUp() override { FRUGAL_SKIP_WITHOUT(GetParam().path(GetParam().references)); }
};
INSTANTIATE_TEST_SUITE_P(Official, ParityTorch, testing::ValuesIn(parity_cases()), case_name);

std::vector<Tensor> forward(const ParityCase& c, torch::ScalarType precision) {
  torch::NoGradGuard no_grad;
  const Weights weights = match_weights(c.graph, parity_weights(c), c.names);
  Interpreter interpreter(c.graph, weights, torch::kCPU, precision);
  std::vector<Tensor> outputs;
  for (const torch::Tensor& t : interpreter.forward({to_torch(formula_input("input", c.input)).to(precision)}, false))
    outputs.push_back(from_torch(t));
  return outputs;
}

TEST_P(ParityTorch, SinglePrecision) {
  expect_parity(GetParam(), forward(GetParam(), torch::kFloat32), GetParam().tolerance);
}

TEST_P(ParityTorch, DoublePrecision) {
  expect_parity(GetParam(), forward(GetParam(), torch::kFloat64), GetParam().double_tolerance);
}

}  // namespace
}  // namespace frugal::test
