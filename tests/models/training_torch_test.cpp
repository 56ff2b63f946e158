// A small member of every family learns a handful of pictures by heart.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/registry.h"
#include "train/interpreter.h"

namespace frugal {
namespace {

struct Family {
  const char* name;
  ModelOptions options;
};
std::ostream& operator<<(std::ostream& out, const Family& f) { return out << f.name; }

class Training : public testing::TestWithParam<Family> {};

TEST_P(Training, LossFallsAndEveryParameterHasAGradient) {
  Graph graph = build_network(GetParam().name, GetParam().options);
  Interpreter interpreter(graph, initial_weights(graph, 1));
  torch::set_num_threads(1);  // tiny tensors: threads would only wait for each other
  torch::manual_seed(3);
  SymShape shape = graph.value(graph.inputs()[0]).type.shape;
  torch::Tensor pictures = torch::randn({6, shape[1].value(), shape[2].value(), shape[3].value()});
  torch::Tensor labels = torch::arange(6, torch::kLong) % GetParam().options.classes;
  torch::Tensor mean_before;
  std::string some_mean;
  for (const auto& [name, tensor] : interpreter.weights())
    if (name.ends_with("running_mean")) some_mean = name;
  if (!some_mean.empty()) mean_before = interpreter.weights().at(some_mean).clone();

  torch::optim::SGD optimizer(interpreter.parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  double start = 0, best = 1e9;
  for (int step = 0; step < 25; ++step) {
    optimizer.zero_grad();
    torch::Tensor loss = torch::nn::functional::cross_entropy(interpreter.forward({pictures}, true)[0], labels);
    loss.backward();
    if (step == 0) {
      start = loss.item<double>();
      for (const std::string& name : interpreter.parameter_names()) {
        const torch::Tensor& gradient = interpreter.weights().at(name).grad();
        ASSERT_TRUE(gradient.defined() && gradient.isfinite().all().item<bool>()) << name;
      }
    }
    optimizer.step();
    best = std::min(best, loss.item<double>());
  }
  EXPECT_NEAR(start, std::log(static_cast<double>(GetParam().options.classes)), 1.5);
  EXPECT_LT(best, 0.5 * start);
  if (!some_mean.empty()) {
    EXPECT_GT((interpreter.weights().at(some_mean) - mean_before).abs().max().item<double>(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, Training,
    testing::Values(Family{"lenet5", {.classes = 3}},
                    Family{"resnet20_cifar", {.classes = 3, .height = 16, .width = 16, .extra = {{"width", "4"}}}},
                    Family{"resnet20_cifar_a", {.classes = 3, .height = 16, .width = 16, .extra = {{"width", "4"}}}},
                    Family{"resnet18", {.classes = 3, .height = 64, .width = 64, .extra = {{"width", "4"}}}},
                    Family{"resnet50", {.classes = 3, .height = 64, .width = 64, .extra = {{"width", "4"}}}},
                    Family{"vgg16_bn_cifar", {.classes = 3, .extra = {{"width", "0.125"}}}},
                    Family{"adder_vgg_small",
                           {.classes = 3, .height = 16, .width = 16, .extra = {{"width", "0.0625"}}}},
                    Family{"mobilenet_v2", {.classes = 3, .height = 64, .width = 64, .extra = {{"width", "0.2"}}}},
                    Family{"ghostnet_100", {.classes = 3, .height = 64, .width = 64, .extra = {{"width", "0.25"}}}}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace frugal
