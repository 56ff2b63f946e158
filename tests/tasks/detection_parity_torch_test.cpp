// The losses of the official code of Gold-YOLO, with their gradients (shared/data/parity/gold_yolo/losses.json).
#include <gtest/gtest.h>

#include "support/formula.h"
#include "tasks/detection/loss_torch.h"
#include "tasks/official_targets.h"

namespace frugal::test {
namespace {

using nlohmann::json;
using torch::Tensor;

constexpr double kEpochs = 300;
const std::vector<std::vector<std::int64_t>> kFeatures{{2, 8, 16, 16}, {2, 16, 8, 8}, {2, 32, 4, 4}};
const std::vector<std::vector<double>> kAnchors{
    {10, 13, 19, 19, 33, 23}, {30, 61, 59, 59, 59, 119}, {116, 90, 185, 185, 373, 326}};

// f(u, flat index) as float32, widened.
template <typename F>
Tensor by_formula(const std::string& name, const std::vector<std::int64_t>& shape, F f) {
  const FormulaStream u(name);
  Tensor out = torch::empty(shape, torch::kFloat64);
  auto* values = out.data_ptr<double>();
  for (std::int64_t i = 0; i < out.numel(); ++i) values[i] = static_cast<double>(static_cast<float>(f(u(i), i)));
  return out;
}

double score(double u, std::int64_t) { return 0.01 + 0.9 * u * u * u; }
double distribution(double u, std::int64_t i) { return 4 * (2 * u - 1) - 0.4 * static_cast<double>(i % 17); }
double distance(double u, std::int64_t) { return 0.5 + 4 * u; }
double anchored(double u, std::int64_t i) { return (i % 4 < 2 ? 0.5 : 2) * (2 * u - 1); }
double feature(double u, std::int64_t) { return 2 * (2 * u - 1); }

Tensor input(const std::string& name) {
  if (name == "scores") return by_formula("loss.scores", {2, 336, 80}, score);
  if (name == "reg") return by_formula("loss.reg", {2, 336, 68}, distribution);
  if (name == "lrtb") return by_formula("loss.lrtb", {2, 336, 4}, distance);
  if (name == "scores_ab") return by_formula("loss.scores_ab", {2, 1008, 80}, score);
  if (name == "reg_ab") return by_formula("loss.reg_ab", {2, 1008, 4}, anchored);
  return by_formula("loss." + name, kFeatures.at(static_cast<std::size_t>(name.back() - '0')), feature);
}

DetectionOutput teacher_of(bool features) {
  DetectionOutput out;
  out.scores = by_formula("loss.teacher_scores", {2, 336, 80}, score);
  out.logits = by_formula("loss.teacher_reg", {2, 336, 68}, distribution);
  for (std::size_t i = 0; features && i < kFeatures.size(); ++i)
    out.features.push_back(by_formula("loss.teacher_feat." + std::to_string(i), kFeatures[i], feature));
  return out;
}

// `x`: the inputs by the names that their gradients have in the file.
DetectionLoss loss_of(const json& c, std::map<std::string, Tensor>& x, const std::vector<Objects>& objects) {
  const std::string kind = c.at("kind");
  Cells cells = detection_cells(128, 128, {8, 16, 32});
  DetectionLossOptions options;
  options.boxes = iou_loss_named(c.value("iou", "giou"));
  if (kind == "atss") options.assigner = Assigner::atss;
  DetectionOutput output;
  if (kind == "ab") {
    cells = anchor_cells(cells, 3);
    options.task_aligned.most = 26;
    output.scores = x["scores_ab"];
    output.boxes = anchor_boxes(cells, kAnchors, x["reg_ab"]);
    return detection_loss(cells, output, objects, options);
  }
  output.scores = x["scores"], output.logits = x["reg"], output.plain = x["lrtb"];
  if (!kind.starts_with("distill")) return detection_loss(cells, output, objects, options);
  const bool features = c.value("feat", false);
  for (int i = 0; features && i < 3; ++i) output.features.push_back(x["feat." + std::to_string(i)]);
  Distillation how;
  how.class_weight = c.at("dw").at("class"), how.distribution_weight = c.at("dw").at("dfl");
  how.feature_weight = features ? 10 : 0;
  how.share = distillation_share(c.at("epoch").get<double>(), kEpochs);
  const DetectionOutput teacher = teacher_of(features);
  return detection_loss(cells, output, objects, options, &teacher, how);
}

void expect_gradient(const json& expected, const Tensor& gradient) {
  const Tensor g = gradient.flatten();
  const auto number = [&](const char* key) { return expected.at(key).get<double>(); };
  EXPECT_NEAR(g.abs().sum().item<double>(), number("abs_sum"), 1e-8 * (1 + number("abs_sum")));
  EXPECT_NEAR(g.norm().item<double>(), number("l2"), 1e-8 * (1 + number("l2")));
  const Tensor probe = by_formula("probe", {g.numel()}, [](double u, std::int64_t) { return 2 * u - 1; });
  EXPECT_NEAR((g * probe).sum().item<double>(), number("probe_dot"), 1e-6 * (1 + number("absmax")));
  const auto stride = expected.at("sample_stride").get<std::int64_t>();
  std::int64_t at = 0;
  for (const json& value : expected.at("sample")) {
    EXPECT_NEAR(g[at].item<double>(), value.get<double>(), 1e-8 * (1e-3 + number("absmax"))) << at;
    at += stride;
  }
}

TEST(DetectionParity, LossesAndGradientsAreTheOfficialOnes) {
  const std::filesystem::path file = gold_yolo_file("losses.json");
  FRUGAL_SKIP_WITHOUT(file);
  const json document = read_json(file);
  const std::vector<Objects> objects = official_objects(document.at("targets"));
  const Objects none{torch::zeros({0}, torch::kInt64), torch::zeros({0, 4}, torch::kFloat64)};
  int cases = 0;
  for (const auto& [name, c] : document.at("cases").items()) {
    if (!c.contains("total")) continue;  // where the official code fails
    SCOPED_TRACE(name);
    ++cases;
    std::map<std::string, Tensor> x;
    for (const auto& [key, unused] : c.at("gradients").items()) x[key] = input(key).requires_grad_();
    const bool empty = name.starts_with("no_targets");
    const DetectionLoss loss = loss_of(c, x, empty ? std::vector<Objects>{none, none} : objects);
    const double total = c.at("total");
    EXPECT_NEAR(loss.total().item<double>(), total, 1e-9 * total);
    const json& parts = c.at("items_iou_dfl_cls");
    EXPECT_NEAR(loss.boxes.item<double>(), parts[0].get<double>(), 1e-8);
    EXPECT_NEAR(loss.distribution.item<double>(), parts[1].get<double>(), 1e-8);
    EXPECT_NEAR(loss.classes.item<double>(), parts[2].get<double>(), 1e-9 * total);
    if (parts.size() > 3) {
      EXPECT_NEAR(loss.features.item<double>(), parts[3].get<double>(), 1e-8);
    }
    loss.total().backward();
    for (const auto& [key, expected] : c.at("gradients").items()) {
      SCOPED_TRACE(key);
      expect_gradient(expected, x.at(key).grad().defined() ? x.at(key).grad() : torch::zeros_like(x.at(key)));
    }
  }
  EXPECT_EQ(cases, 17);
}

}  // namespace
}  // namespace frugal::test
