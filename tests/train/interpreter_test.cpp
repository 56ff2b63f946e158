// The same graph through LibTorch and through the engine gives the same numbers.
#include "train/interpreter.h"

#include <gtest/gtest.h>

#include "frugal/session.h"
#include "graph/costs.h"
#include "models/registry.h"

namespace frugal {
namespace {

TEST(Interpreter, AgreesWithTheEngineOnResNet18) {
  Graph graph = build_network("resnet18", {.height = 64, .width = 64});
  Weights weights = initial_weights(graph, 1);
  Interpreter interpreter(graph, weights);
  torch::manual_seed(0);
  torch::Tensor x = torch::rand({2, 3, 64, 64});
  torch::NoGradGuard no_grad;
  torch::Tensor expected = interpreter.forward({x}, false)[0];

  Session session({graph, weights, {}}, {.threads = 2});
  torch::Tensor got = to_torch(session.run({from_torch(x)})[0]);
  EXPECT_LT((got - expected).abs().max().item<float>(), 1e-4 * std::max(1.f, expected.abs().max().item<float>()));
}

}  // namespace
}  // namespace frugal
