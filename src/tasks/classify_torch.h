// Learning to classify pictures: the plain instance of a TrainStep.
#pragma once

#include <memory>
#include <optional>

#include "frugal/model.h"
#include "frugal/task_info.h"
#include "train/image_batches.h"
#include "train/recipe.h"
#include "train/train_step.h"

namespace frugal {

// Everything a recipe of a classifier names, opened and fitted together: network, weights, data.
struct ClassifySetup {
  Model model;  // graph, first weights, task and labels
  TaskInfo input;
  std::unique_ptr<ImageBatches> train, test;
};
// UsageError or Error says which of model, data and augmentation do not fit.
ClassifySetup set_up_classifier(const Recipe& recipe);

class ClassifyStep : public TrainStep {
 public:
  ClassifyStep(const Recipe& recipe, ClassifySetup setup);

  std::vector<Part> parts() override { return {{"model", net_.get(), true}}; }
  Terms run(const Batch& batch, const Minimize& minimize) override;
  Metrics evaluate() override;  // "accuracy" in 0..1, "loss" (cross-entropy without smoothing)
  std::string best_metric() const override { return "accuracy"; }
  Model export_model() override;

  const BatchSource& batches() const { return *setup_.train; }
  // Logits in training or evaluation mode, in the recipe's precision.
  torch::Tensor forward(const Batch& batch, bool training);

 protected:
  const Recipe& recipe_;
  ClassifySetup setup_;
  std::unique_ptr<Interpreter> net_;
};

}  // namespace frugal
