// Gradients of the whole ResNet-20 of adder layers against the official code's
// (shared/data/parity/adder/resnet20_gradients.json; README.md there, section 4).
#include <gtest/gtest.h>

#include "models/parity.h"
#include "train/interpreter.h"

namespace frugal::test {
namespace {

torch::Tensor signs(const std::string& name, std::int64_t n) {
  const FormulaStream u(name);
  torch::Tensor t = torch::empty({n}, torch::kFloat64);
  for (std::int64_t i = 0; i < n; ++i) t[i] = 2 * u(i) - 1;
  return t;
}

// [l2, probe, sum] as the file has them, to its nine digits.
void expect_checksums(const torch::Tensor& got, const nlohmann::json& expected, const std::string& name) {
  const torch::Tensor flat = got.reshape({-1}).to(torch::kFloat64);
  const double l2 = flat.norm().item<double>(), tolerance = 1e-7 * (l2 + 1e-9);
  EXPECT_NEAR(l2, expected.at(0).get<double>(), tolerance) << name;
  EXPECT_NEAR((flat * signs("probe", flat.numel())).sum().item<double>(), expected.at(1).get<double>(),
              tolerance + 1e-8 * std::abs(expected.at(1).get<double>()))
      << name;
  EXPECT_NEAR(flat.sum().item<double>(), expected.at(2).get<double>(),
              tolerance + 1e-8 * std::abs(expected.at(2).get<double>()))
      << name;
}

class AdderGradients : public testing::TestWithParam<bool> {};

TEST_P(AdderGradients, AreThoseOfTheOfficialNetwork) {
  const auto path = shared_path("data/parity/adder/resnet20_gradients.json");
  FRUGAL_SKIP_WITHOUT(path);
  const bool batch_statistics = GetParam();
  std::ifstream file(path);
  const nlohmann::json expected =
      nlohmann::json::parse(file).at(batch_statistics ? "batch_statistics" : "running_statistics");
  ParityCase c = adder_case("20", "adder_resnet20_cifar", 0x203cc971, {}, {2, 3, 32, 32});
  Interpreter net(c.graph, parity_weights(c), torch::kCPU, torch::kFloat64);
  const torch::Tensor x = to_torch(formula_input("input", c.input)).to(torch::kFloat64);
  const torch::Tensor logits = net.forward({x}, batch_statistics)[0];
  const torch::Tensor loss = (logits.reshape({-1}) * signs("probe", logits.numel())).sum();
  EXPECT_NEAR(loss.item<double>(), expected.at("loss").get<double>(), 1e-9);
  loss.backward();
  const nlohmann::json& gradients = expected.at("gradients_l2_probe_sum");
  EXPECT_EQ(gradients.size(), net.parameter_names().size());
  for (const std::string& name : net.parameter_names())
    expect_checksums(net.weights().at(name).grad(), gradients.at(name), name);
}
INSTANTIATE_TEST_SUITE_P(Statistics, AdderGradients, testing::Bool(),
                         [](const auto& info) { return info.param ? "OfTheBatch" : "Running"; });

}  // namespace
}  // namespace frugal::test
