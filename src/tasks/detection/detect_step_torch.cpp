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

const DetectOptions kPublished{.confidence = 0.03f, .iou = 0.65f, .most = 300, .several_classes = true};

Graph graph_of(const Recipe& recipe, std::int64_t classes, const std::string& head = "") {
  const ModelEntry& entry = ModelRegistry::instance().get(recipe.model.name);
  if (entry.task != "detect")
    fail_usage("model.name: '{}' is a network for the task '{}', not a detector", entry.name, entry.task);
  ModelOptions options{.classes = classes,
                       .channels = 3,
                       .height = recipe.model.size.empty() ? entry.defaults.height : recipe.model.size[0],
                       .width = recipe.model.size.empty() ? entry.defaults.width : recipe.model.size[1]};
  for (const auto& [key, value] : recipe.model.options) options.extra[key] = value;
  if (!head.empty()) options.extra["head"] = head;
  if (options.height != options.width)
    fail_usage("model.size: a detector is trained on squares, not {} x {}", options.height, options.width);
  return build_network(recipe.model.name, options);
}

// Of residual branches (BottleRep): the release's optimiser leaves them at 1.
std::vector<std::string> fixed_factors(const Graph& graph) {
  std::vector<std::string> names;
  for (const Value& value : graph.values())
    if (value.kind == ValueKind::weight && value.name.ends_with(".alpha")) names.push_back(value.name);
  return names;
}

}  // namespace

DetectStep::DetectStep(const Recipe& recipe) : recipe_(recipe) {
  const auto train = std::make_shared<const DetectionDataset>(recipe.data.name, recipe.data.train);
  test_ = std::make_shared<const DetectionDataset>(recipe.data.name, recipe.data.test);
  require(train->class_names() == test_->class_names(), "the splits '{}' and '{}' of {} have different classes",
          recipe.data.train, recipe.data.test, recipe.data.name);
  const auto classes = static_cast<std::int64_t>(train->class_names().size());
  model_.graph = graph_of(recipe, classes);
  deployed_ = graph_of(recipe, classes, deployed_head(model_.graph));
  model_.weights = initial_weights(model_.graph, static_cast<std::uint64_t>(recipe.seed));
  if (!recipe.model.weights.empty()) take_matching_weights(model_.weights, recipe.model.weights);
  input_ = usual_detection_info(model_.graph, "rows");
  set_task_info(model_, input_);
  set_class_labels(model_, train->class_names());
  const Communicator& c = Communicator::instance();
  batches_ =
      std::make_unique<DetectionBatches>(train, recipe, static_cast<int>(input_.height), Share{c.rank(), c.size()});
  options_.boxes = iou_loss_named(recipe.detect.boxes);
  options_.assigner = assigner_named(recipe.detect.assigner);
  head_ = std::make_unique<DetectorHead>(model_.graph, input_.height, input_.width);
  net_ = std::make_unique<Interpreter>(model_.graph, model_.weights, torch::Device(recipe.device));
}

std::vector<Part> DetectStep::parts() { return {{"model", net_.get(), true, fixed_factors(model_.graph)}}; }

DetectorHead::Output DetectStep::forward(const DetectorHead& head, Interpreter& net, const torch::Tensor& pictures,
                                         bool features) const {
  AutocastScope mixed(net.device(), recipe_.precision == "bfloat16");
  return head.run(net, pictures, true, features);
}

DetectorHead::Losses DetectStep::losses(const Batch& batch) {
  return head_->loss(forward(*head_, *net_, batch.inputs[0]), objects_of(batch), options_);
}

Terms DetectStep::run(const Batch& batch, const Minimize& minimize) {
  const DetectorHead::Losses loss = losses(batch);
  minimize(loss.total() * (static_cast<double>(batch.samples) / static_cast<double>(batch.global_samples)), {});
  Terms terms{{"loss", loss.total().detach()},
              {"loss_boxes", loss.free.boxes.detach()},
              {"loss_distribution", loss.free.distribution.detach()},
              {"loss_classes", loss.free.classes.detach()}};
  if (loss.anchored.classes.defined()) terms.emplace_back("loss_anchored", loss.anchored.total().detach());
  return terms;
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
  model.graph = deployed_;
  model.weights = deployed_weights(deployed_, net_->export_weights());
  model.metadata = model_.metadata;
  return model;
}

}  // namespace frugal
