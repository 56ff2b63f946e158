#include "tasks/detection/network_torch.h"

#include "base/check.h"

namespace frugal {
namespace {

constexpr int kLevels = 3;
const std::vector<std::int64_t> kStrides{8, 16, 32};
constexpr std::int64_t kAnchoredMost = 26;
// Width and height in pixels, those of YOLOv5 and of the release.
const std::vector<std::vector<double>> kAnchors{
    {10, 13, 19, 19, 33, 23}, {30, 61, 59, 59, 59, 119}, {116, 90, 185, 185, 373, 326}};

std::string of_level(const std::string& name, int level) { return name + "." + std::to_string(level); }

// Losses are computed in float32 at least.
torch::Tensor widened(const torch::Tensor& t) { return t.scalar_type() == torch::kFloat64 ? t : t.to(torch::kFloat32); }

// The levels' maps [n, c, h, w] as [n, cells, c].
torch::Tensor by_cell(const std::map<std::string, torch::Tensor>& taps, const std::string& name) {
  std::vector<torch::Tensor> levels;
  for (int i = 0; i < kLevels; ++i) {
    const auto found = taps.find(of_level(name, i));
    if (found == taps.end() || !found->second.defined()) return {};
    levels.push_back(found->second.flatten(2).transpose(1, 2));
  }
  return widened(torch::cat(levels, 1));
}

torch::Tensor tap(const std::map<std::string, torch::Tensor>& taps, const std::string& name) {
  const auto found = taps.find(name);
  return found == taps.end() ? torch::Tensor() : widened(found->second);
}

}  // namespace

DetectorHead::DetectorHead(const Graph& graph, std::int64_t height, std::int64_t width)
    : cells_(detection_cells(height, width, kStrides)), anchor_cells_(anchor_cells(cells_, 3)) {
  for (const char* name : {"anchor_logits", "anchor_sides"})
    if (graph.find(name) != kNone) taps_.push_back(name);
  for (int i = 0; i < kLevels; ++i) {
    for (const char* name : {"cls_logits", "reg_logits", "lrtb"})
      if (graph.find(of_level(name, i)) != kNone) taps_.push_back(of_level(name, i));
    for (const Node& node : graph.nodes())
      if (node.inputs.size() > 1 && node.inputs[1] != kNone &&
          graph.value(node.inputs[1]).name == of_level("detect.stems", i) + ".conv.weight")
        features_.push_back(graph.value(node.inputs[0]).name);
  }
}

DetectorHead::Output DetectorHead::run(Interpreter& net, const torch::Tensor& pictures, bool training,
                                       bool features) const {
  std::map<std::string, torch::Tensor> taps;
  for (const std::string& name : taps_) taps[name] = torch::Tensor();
  for (const std::string& name : features_)
    if (features) taps[name] = torch::Tensor();
  // oneDNN and cuDNN both run convolutions faster with channels innermost.
  net.forward({pictures.contiguous(torch::MemoryFormat::ChannelsLast)}, training, &taps);
  Output out;
  out.free.scores = by_cell(taps, "cls_logits").sigmoid();
  out.free.logits = by_cell(taps, "reg_logits");
  out.free.plain = by_cell(taps, "lrtb");
  for (const std::string& name : features_)
    if (features) out.free.features.push_back(tap(taps, name));
  if (const torch::Tensor logits = tap(taps, "anchor_logits"); logits.defined()) {
    out.anchored.scores = logits.sigmoid();
    out.anchored.boxes = anchor_boxes(anchor_cells_, kAnchors, tap(taps, "anchor_sides"));
  }
  return out;
}

DetectorHead::Losses DetectorHead::loss(const Output& output, const std::vector<Objects>& objects,
                                        const DetectionLossOptions& options, const DetectionOutput* teacher,
                                        const Distillation& distillation) const {
  Losses losses;
  losses.free = detection_loss(cells_, output.free, objects, options, teacher, distillation);
  if (!output.anchored.scores.defined()) return losses;
  DetectionLossOptions aided = options;
  aided.assigner = Assigner::task_aligned;
  aided.task_aligned.most = kAnchoredMost;
  losses.anchored = detection_loss(anchor_cells_, output.anchored, objects, aided);
  return losses;
}

std::string deployed_head(const Graph& graph) {
  require(graph.find("cls_logits.0") != kNone, "'{}' has no head of Gold-YOLO's form, which is what can be trained",
          graph.name());
  return graph.find("lrtb.0") != kNone ? "lrtb" : "dfl";
}

Weights deployed_weights(const Graph& deployed, const Weights& learnt) {
  Weights out;
  for (const Value& value : deployed.values()) {
    if (value.kind != ValueKind::weight) continue;
    std::string name = value.name;
    if (const std::size_t at = name.find("_preds."); at != std::string::npos && !learnt.contains(name))
      name.insert(at + 6, "_af");
    const auto found = learnt.find(name);
    FRUGAL_ASSERT(found != learnt.end());
    out.emplace(value.name, found->second);
  }
  return out;
}

}  // namespace frugal
