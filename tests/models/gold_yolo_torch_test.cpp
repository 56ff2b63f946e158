// A small Gold-YOLO can be trained: every parameter has a gradient, and rows come near what they should be.
#include <gtest/gtest.h>

#include "models/registry.h"
#include "train/interpreter.h"

namespace frugal {
namespace {

TEST(GoldYoloTraining, RowsComeNearTheirTargets) {
  Graph graph = build_network("gold_yolo_pico", {.classes = 2, .height = 64, .width = 96, .extra = {{"head", "both"}}});
  Interpreter interpreter(graph, initial_weights(graph, 1));
  torch::set_num_threads(1);
  torch::manual_seed(3);
  torch::Tensor pictures = torch::rand({4, 3, 64, 96});
  torch::Tensor wanted = torch::rand({4, 126, 6});
  wanted.slice(2, 0, 4).mul_(64);
  torch::optim::Adam optimizer(interpreter.parameters(), torch::optim::AdamOptions(0.005));
  double start = 0, last = 0;
  for (int step = 0; step < 40; ++step) {
    optimizer.zero_grad();
    std::vector<torch::Tensor> out = interpreter.forward({pictures}, true);
    torch::Tensor loss = torch::zeros({});
    for (const torch::Tensor& rows : out)
      loss = loss + torch::l1_loss(rows.slice(2, 0, 4) / 64, wanted.slice(2, 0, 4) / 64) +
             torch::l1_loss(rows.slice(2, 4), wanted.slice(2, 4));
    loss.backward();
    last = loss.item<double>();
    if (step == 0) start = last;
    if (step == 3)  // the first step moves predictions only, which start at 0
      for (const std::string& name : interpreter.parameter_names()) {
        const torch::Tensor& gradient = interpreter.weights().at(name).grad();
        ASSERT_TRUE(gradient.defined() && gradient.isfinite().all().item<bool>()) << name;
        EXPECT_GT(gradient.abs().max().item<double>(), 0) << name;
      }
    optimizer.step();
  }
  EXPECT_LT(last, 0.75 * start);
}

}  // namespace
}  // namespace frugal
