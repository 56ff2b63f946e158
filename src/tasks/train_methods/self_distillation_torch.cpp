// Self-distillation of detectors as Gold-YOLO's release does it: a network of the same size that has been trained
// already teaches a fresh one, less and less as the epochs pass.
#include <memory>

#include "base/check.h"
#include "methods/method.h"
#include "tasks/detection/detect_step_torch.h"
#include "train/train_method.h"

namespace frugal {
namespace {

// The release softens the scores of all n classes together, as if they were logits, by a softmax at temperature T.
// Scores lie between 0 and 1, so it is nearly even, and T^2 times the divergence is half the variance of the
// differences over the classes: d^2 (n - 1) / (2 n^2) where both disagree by d about one class. With 3 classes that is
// 18 times as much as with COCO's 80; summed over all cells of a batch, it would drown the rest of the loss.
constexpr double kClassesOfTheRelease = 80;

const std::vector<MethodOption> kOptions{
    {"teacher", "", "the trained model's file"},
    {"temperature", "20", "softens both distributions"},
    {"classes", "", "weight of the classes' divergence; the release's: N 1, S 1, M 0.8, L 2 (default: classes / 80)"},
    {"distances", "1", "weight of the distances' divergence"},
    {"features", "0", "weight of the divergence of the neck's maps; the release's form has 10, and leaves it out"}};

class DistillStep : public DetectStep {
 public:
  // A negative weight of the classes stands for the default.
  DistillStep(const Recipe& recipe, Model teacher, const Distillation& how)
      : DetectStep(recipe), how_(how), teacher_(std::move(teacher)) {
    const Shape theirs = input_shape(teacher_.graph), ours = input_shape(model_.graph);
    require(theirs == ours, "the teacher takes pictures of {}, the network of this recipe of {}", to_string(theirs),
            to_string(ours));
    require(class_labels(teacher_) == class_labels(model_), "the teacher knows other classes than the data have");
    deployed_head(teacher_.graph);  // refuses other networks
    if (how_.class_weight < 0)
      how_.class_weight = static_cast<double>(class_labels(model_).size()) / kClassesOfTheRelease;
    require(teacher_.graph.find("reg_logits.0") != kNone,
            "the teacher gives no distributions of distances: train it with the head dfl or anchor_aided");
    teacher_head_ = std::make_unique<DetectorHead>(teacher_.graph, input_.height, input_.width);
    teacher_net_ = std::make_unique<Interpreter>(teacher_.graph, teacher_.weights, torch::Device(recipe.device));
  }

  std::vector<Part> parts() override {
    std::vector<Part> all = DetectStep::parts();
    all.push_back({"teacher", teacher_net_.get(), false});
    return all;
  }
  void begin(std::int64_t epoch) {
    how_.share = distillation_share(static_cast<double>(epoch), static_cast<double>(recipe_.epochs));
  }

 protected:
  // The teacher sees the batch as the student does: with its statistics, and with its drop path.
  DetectorHead::Losses losses(const Batch& batch) override {
    const bool features = how_.feature_weight > 0;
    DetectorHead::Output taught;
    {
      torch::NoGradGuard no_grad;
      taught = forward(*teacher_head_, *teacher_net_, batch.inputs[0], features);
    }
    return head_->loss(forward(*head_, *net_, batch.inputs[0], features), objects_of(batch), options_, &taught.free,
                       how_);
  }

 private:
  static Shape input_shape(const Graph& graph) {
    const SymShape& shape = graph.value(graph.inputs()[0]).type.shape;
    return fixed_shape(SymShape(shape.begin() + 1, shape.end()));
  }

  Distillation how_;
  Model teacher_;
  std::unique_ptr<DetectorHead> teacher_head_;
  std::unique_ptr<Interpreter> teacher_net_;
};

class FollowEpochs : public Hook {
 public:
  explicit FollowEpochs(DistillStep& step) : step_(step) {}
  void before_step(const Position& position) override { step_.begin(position.epoch); }

 private:
  DistillStep& step_;
};

TrainingPlan plan_distillation(const Recipe& recipe) {
  std::vector<std::string> given;
  for (const auto& [name, value] : recipe.method.options) given.push_back(name + "=" + value);
  const MethodOptions options("self_distillation", kOptions, given);
  if (options.text("teacher").empty())
    fail_usage("method.teacher is missing: name the model file of a trained network of the same size");
  Distillation how;
  how.temperature = options.number("temperature", 1e-3, 1e6);
  how.class_weight = options.text("classes").empty() ? -1 : options.number("classes", 0, 1e6);
  how.distribution_weight = options.number("distances", 0, 1e6);
  how.feature_weight = options.number("features", 0, 1e6);
  auto step = std::make_unique<DistillStep>(recipe, load_model(options.text("teacher")), how);
  TrainingPlan plan;
  plan.hooks.push_back(std::make_shared<FollowEpochs>(*step));
  plan.data = &step->batches();
  plan.step = std::move(step);
  return plan;
}

}  // namespace

FRUGAL_TRAIN_METHOD(self_distillation_torch) { registry.add("self_distillation", plan_distillation); }

}  // namespace frugal
