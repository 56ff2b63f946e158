// A small Gold-YOLO can be trained: every parameter has a gradient, and rows come near what they should be.
#include <gtest/gtest.h>

#include "graph/builder.h"
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

// Rates rise from 0 over the blocks; a sample's branch is there, scaled, or it is not.
TEST(GoldYoloTraining, DropPathLeavesOutBranchesOfWholeSamples) {
  for (auto [size, rates] : {std::pair{"n", std::vector<double>{0.1, 0.1}}, {"l", {0.05, 0.05, 0.1, 0.1}}}) {
    const Graph graph = build_network(std::string("gold_yolo_") + size, {.height = 64, .width = 64});
    std::vector<double> found;
    for (const Node& node : graph.nodes())
      if (node.op->name == "dropout") {
        found.push_back(attr_real(node, "rate"));
        EXPECT_EQ(attr_text(node, "per"), "sample");
      }
    ASSERT_EQ(found.size(), rates.size());
    for (std::size_t i = 0; i < rates.size(); ++i) EXPECT_NEAR(found[i], rates[i], 1e-12);
  }
  GraphBuilder b("drop");
  b.output(b.op("dropout", {b.image_input(2, 3, 3)}, {{"rate", 0.25}, {"per", "sample"}}), "y");
  const Graph graph = b.finish();
  Interpreter net(graph, {});
  torch::manual_seed(2);
  const torch::Tensor x = torch::rand({400, 2, 3, 3}) + 1;
  EXPECT_TRUE(torch::equal(net.forward({x}, false)[0], x));
  const torch::Tensor share = net.forward({x}, true)[0] / x, of_sample = share.flatten(1).select(1, 0);
  EXPECT_TRUE(torch::allclose(share, of_sample.view({400, 1, 1, 1}).expand_as(share)));
  EXPECT_TRUE((((of_sample - 4 / 3.0).abs() < 1e-5) | (of_sample == 0)).all().item<bool>());
  EXPECT_NEAR((of_sample == 0).to(torch::kFloat32).mean().item<double>(), 0.25, 0.06);
}

}  // namespace
}  // namespace frugal
