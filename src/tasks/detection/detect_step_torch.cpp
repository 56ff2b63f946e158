#include "tasks/detection/detect_step_torch.h"

#include "base/check.h"
#include "base/log.h"
#include "formats/weights.h"
#include "frugal/detect.h"
#include "frugal/detection_metrics.h"
#include "graph/initial_weights.h"
#include "models/registry.h"
#include "tasks/letterbox.h"
#include "train/autocast.h"
#include "train/communicator.h"

namespace frugal {
namespace {

constexpr int kLevels = 3;
const std::vector<std::int64_t> kStrides{8, 16, 32};
const DetectOptions kPublished{.confidence = 0.03f, .iou = 0.65f, .most = 300, .several_classes = true};

Graph graph_of(const Recipe& recipe, std::int64_t classes) {
  const ModelEntry& entry = ModelRegistry::instance().get(recipe.model.name);
  if (entry.task != "detect")
    fail_usage("model.name: '{}' is a network for the task '{}', not a detector", entry.name, entry.task);
  ModelOptions options{.classes = classes,
                       .channels = 3,
                       .height = recipe.model.size.empty() ? entry.defaults.height : recipe.model.size[0],
                       .width = recipe.model.size.empty() ? entry.defaults.width : recipe.model.size[1]};
  for (const auto& [key, value] : recipe.model.options) options.extra[key] = value;
  if (options.height != options.width)
    fail_usage("model.size: a detector is trained on squares, not {} x {}", options.height, options.width);
  return build_network(recipe.model.name, options);
}

// The levels' maps [n, c, h, w] as [n, cells, c].
torch::Tensor by_cell(const std::map<std::string, torch::Tensor>& taps, const std::string& name) {
  std::vector<torch::Tensor> levels;
  for (int i = 0; i < kLevels; ++i) {
    const auto found = taps.find(name + "." + std::to_string(i));
    if (found == taps.end() || !found->second.defined()) return {};
    levels.push_back(found->second.flatten(2).transpose(1, 2));
  }
  return torch::cat(levels, 1).to(torch::kFloat32);
}

}  // namespace

DetectStep::DetectStep(const Recipe& recipe) : recipe_(recipe) {
  const auto train = std::make_shared<const DetectionDataset>(recipe.data.name, recipe.data.train);
  test_ = std::make_shared<const DetectionDataset>(recipe.data.name, recipe.data.test);
  require(train->class_names() == test_->class_names(), "the splits '{}' and '{}' of {} have different classes",
          recipe.data.train, recipe.data.test, recipe.data.name);
  model_.graph = graph_of(recipe, static_cast<std::int64_t>(train->class_names().size()));
  model_.weights = initial_weights(model_.graph, static_cast<std::uint64_t>(recipe.seed));
  input_ = usual_detection_info(model_.graph, "rows");
  set_task_info(model_, input_);
  set_class_labels(model_, train->class_names());
  const Communicator& c = Communicator::instance();
  batches_ =
      std::make_unique<DetectionBatches>(train, recipe, static_cast<int>(input_.height), Share{c.rank(), c.size()});
  options_.boxes = iou_loss_named(recipe.detect.boxes);
  options_.assigner = assigner_named(recipe.detect.assigner);
  cells_ = detection_cells(input_.height, input_.width, kStrides);
  net_ = std::make_unique<Interpreter>(model_.graph, model_.weights, torch::Device(recipe.device));
}

DetectionOutput DetectStep::forward(const torch::Tensor& pictures, bool training) {
  std::map<std::string, torch::Tensor> taps;
  for (int i = 0; i < kLevels; ++i)
    for (const char* name : {"cls_logits.", "reg_logits.", "lrtb."}) {
      const std::string value = name + std::to_string(i);
      if (model_.graph.find(value) != kNone) taps[value] = torch::Tensor();
    }
  {
    AutocastScope mixed(net_->device(), recipe_.precision == "bfloat16");
    net_->forward({pictures.contiguous(torch::MemoryFormat::ChannelsLast)}, training, &taps);
  }
  DetectionOutput out;
  out.scores = by_cell(taps, "cls_logits").sigmoid();
  out.logits = by_cell(taps, "reg_logits");
  out.plain = by_cell(taps, "lrtb");
  return out;
}

Terms DetectStep::run(const Batch& batch, const Minimize& minimize) {
  const DetectionLoss loss = detection_loss(cells_, forward(batch.inputs[0], true), objects_of(batch), options_);
  minimize(loss.total() * (static_cast<double>(batch.samples) / static_cast<double>(batch.global_samples)), {});
  return {{"loss", loss.total().detach()},
          {"loss_boxes", loss.boxes.detach()},
          {"loss_distribution", loss.distribution.detach()},
          {"loss_classes", loss.classes.detach()}};
}

Metrics DetectStep::evaluate() {
  torch::NoGradGuard no_grad;
  std::vector<CocoResult> results;
  for (std::size_t i = 0; i < test_->size(); ++i) {
    const Image image = test_->get(i).image;
    const auto placement = place_picture(image.width, image.height, input_);
    const torch::Tensor x = to_torch(prepare_detection(image, input_, placement)).to(net_->device());
    const Tensor rows = from_torch(net_->forward({x}, false)[0]);
    for (const Detection& d :
         decode_detections(rows, input_, placement, image.width, image.height, test_->class_names(), kPublished))
      results.push_back({test_->image(i), test_->category(d.index), d.box, static_cast<double>(d.score)});
  }
  const DetectionMetrics measured = measure_detections(test_->truth(), results);
  return {{"AP", measured.ap}, {"AP50", measured.ap50}, {"AP75", measured.ap75}};
}

Model DetectStep::export_model() {
  Model model;
  model.graph = model_.graph;
  model.weights = net_->export_weights();
  model.metadata = model_.metadata;
  return model;
}

}  // namespace frugal
