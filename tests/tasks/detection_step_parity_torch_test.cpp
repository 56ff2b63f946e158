// One step of the official training of Gold-YOLO with its heads with anchors, on weights that a formula gives: the
// losses and the gradient of every parameter (shared/data/parity/gold_yolo/step_*.json).
#include <gtest/gtest.h>

#include <set>

#include "graph/costs.h"
#include "models/registry.h"
#include "support/formula.h"
#include "tasks/detection/network_torch.h"
#include "tasks/official_targets.h"

namespace frugal::test {
namespace {

using nlohmann::json;
using torch::Tensor;

struct Step {
  const char* size;
  double norm_gain;
  bool batch_statistics;
  torch::ScalarType precision;
  double loss, gradient;  // tolerances, relative
};
std::ostream& operator<<(std::ostream& out, const Step& s) {
  return out << s.size << (s.batch_statistics ? "_batch" : "_frozen")
             << (s.precision == torch::kFloat64 ? "_double" : "_float");
}

// The tensors of the base run: another head than in the names of the final networks.
std::vector<NamedTensor> names_of(const std::string& size) {
  std::vector<NamedTensor> names = read_names(gold_yolo_file("names_" + size + ".txt"));
  std::erase_if(names, [](const NamedTensor& t) { return t.name.starts_with("detect."); });
  for (NamedTensor& t : read_names(gold_yolo_file("names_" + size + "_anchor_aided_head.txt")))
    names.push_back(std::move(t));
  return names;
}

Weights weights_for(const Graph& graph, const Step& step) {
  Weights weights = initial_weights(graph, 1);  // constants
  const Weights made = formula_weights(names_of(step.size), {.norm = step.norm_gain, .prediction = 1});
  std::size_t taken = 0;
  for (const auto& [name, tensor] : made)
    if (auto found = weights.find(name); found != weights.end()) found->second = tensor, ++taken;
  EXPECT_EQ(taken + 1, made.size());  // all but detect.proj, which only a loss needs
  return weights;
}

double sum_of_probe(const Tensor& gradient) {
  static const FormulaStream u("probe");
  const Tensor flat = gradient.to(torch::kFloat64).flatten().contiguous();
  double sum = 0;
  for (std::int64_t i = 0; i < flat.numel(); ++i) sum += flat.data_ptr<double>()[i] * (2 * u(i) - 1);
  return sum;
}

class GoldYoloStep : public testing::TestWithParam<Step> {};

TEST_P(GoldYoloStep, LossesAndGradientsAreTheOfficialOnes) {
  const Step& step = GetParam();
  const std::string size = step.size;
  const auto file = gold_yolo_file((step.batch_statistics ? "step_batch_" : "step_frozen_") + size + ".json");
  FRUGAL_SKIP_WITHOUT(file);
  const json expected = read_json(file);
  torch::set_num_threads(1);
  const Graph graph =
      build_network("gold_yolo_" + size, {.height = 128, .width = 128, .extra = {{"head", "anchor_aided"}}});
  Interpreter net(graph, weights_for(graph, step), torch::kCPU, step.precision);
  const Tensor pictures = to_torch(formula_input("input", {2, 3, 128, 128})).to(step.precision);
  for (const Node& node : graph.nodes())  // drop path was off
    if (node.op->name == "dropout") net.replace_node(node.name, [](const TorchArgs& a) { return std::vector{a[0]}; });
  DetectionLossOptions options;
  options.boxes = size == "n" ? IouLoss::siou : IouLoss::giou;
  const DetectorHead head(graph, 128, 128);
  const auto losses = head.loss(head.run(net, pictures, step.batch_statistics),
                                official_objects(read_json(gold_yolo_file("losses.json")).at("targets")), options);
  for (const auto& [loss, name] : {std::pair{&losses.free, "anchor_free"}, {&losses.anchored, "anchor_aided"}}) {
    const double total = expected.at(std::string("total_") + name);
    EXPECT_NEAR(loss->total().item<double>(), total, step.loss * total) << name;
  }
  losses.total().backward();
  const json& gradients = expected.at("gradients_l2_probe_sum");
  const auto zeros = expected.at("gradient_exactly_zero_up_to_rounding").get<std::set<std::string>>();
  std::size_t compared = 0;
  for (const std::string& name : net.parameter_names()) {
    const Tensor& gradient = net.weights().at(name).grad();
    if (!gradients.contains(name)) continue;
    ++compared;
    ASSERT_TRUE(gradient.defined() || zeros.contains(name)) << name;
    if (!gradient.defined() || zeros.contains(name)) continue;
    const double l2 = gradients[name][0];
    EXPECT_NEAR(gradient.to(torch::kFloat64).norm().item<double>(), l2, step.gradient * l2) << name;
    EXPECT_NEAR(sum_of_probe(gradient), gradients[name][1].get<double>(), 4 * step.gradient * l2) << name;
  }
  EXPECT_EQ(compared + expected.at("no_gradient").size(), gradients.size());
  if (!step.batch_statistics) return;
  for (const auto& [name, moments] : expected.at("running_stats_after_sum_l2").items()) {
    const double l2 = moments[1];
    const Tensor running = net.weights().at(name).to(torch::kFloat64);
    EXPECT_NEAR(running.norm().item<double>(), l2, step.gradient * l2) << name;
    EXPECT_NEAR(running.sum().item<double>(), moments[0].get<double>(), 4 * step.gradient * l2) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, GoldYoloStep,
                         testing::Values(Step{"n", .75, false, torch::kFloat32, 1e-5, 1e-4},
                                         Step{"n", .75, false, torch::kFloat64, 1e-9, 1e-7},
                                         Step{"m", .68, false, torch::kFloat32, 1e-5, 1e-4},
                                         Step{"l", 1.05, false, torch::kFloat32, 1e-5, 1e-4},
                                         Step{"n", .75, true, torch::kFloat64, 1e-7, 1e-6},
                                         Step{"l", 1.05, true, torch::kFloat64, 1e-7, 1e-6}),
                         [](const auto& info) {
                           std::ostringstream out;
                           out << info.param;
                           return out.str();
                         });

// The base run's counts; what only helps to learn is not in the network that comes out.
TEST(GoldYoloAnchors, AreThereToLearnAndGoneAfterwards) {
  for (auto [size, params] : {std::pair{"n", 6'134'322}, {"s", 23'316'626}, {"m", 44'496'906}, {"l", 75'341'247}}) {
    const Graph graph = build_network(std::string("gold_yolo_") + size, {.extra = {{"head", "anchor_aided"}}});
    EXPECT_EQ(compute_costs(graph).params + 34, params) << size;
    EXPECT_EQ(deployed_head(graph), "dfl");
  }
  const ModelOptions small{.classes = 3, .height = 64, .width = 64};
  const auto with_head = [&](const char* head) {
    ModelOptions options = small;
    options.extra["head"] = head;
    return build_network("gold_yolo_pico", options);
  };
  const Graph aided = with_head("anchor_aided"), plain = with_head("dfl");
  const Weights learnt = initial_weights(aided, 3), left = deployed_weights(plain, learnt);
  EXPECT_TRUE(same(left.at("detect.cls_preds.1.weight"), learnt.at("detect.cls_preds_af.1.weight")));
  Interpreter a(aided, learnt), b(plain, left);
  torch::NoGradGuard no_grad;
  const Tensor x = torch::rand({1, 3, 64, 64});
  EXPECT_TRUE(torch::equal(a.forward({x}, false)[0], b.forward({x}, false)[0]));
  EXPECT_EQ(deployed_head(with_head("both")), "lrtb");
  EXPECT_ERROR(deployed_head(with_head("none")), "no head");
}

}  // namespace
}  // namespace frugal::test
