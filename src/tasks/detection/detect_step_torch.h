// Learning to find boxes: the TrainStep of Gold-YOLO's networks.
#pragma once

#include <memory>

#include "frugal/model.h"
#include "frugal/task_info.h"
#include "tasks/detection/batches_torch.h"
#include "tasks/detection/network_torch.h"
#include "train/train_step.h"

namespace frugal {

// UsageError or Error says which of model and data do not fit.
class DetectStep : public TrainStep {
 public:
  explicit DetectStep(const Recipe& recipe);

  std::vector<Part> parts() override;
  Terms run(const Batch& batch, const Minimize& minimize) override;
  // The figures of COCO on the test split, at the confidence of the published ones.
  Metrics evaluate() override;
  std::string best_metric() const override { return "AP"; }
  Model export_model() override;  // in the form that finds boxes (deployed_head)

  const BatchSource& batches() const { return *batches_; }

 protected:
  // In training mode, in the recipe's precision.
  DetectorHead::Output forward(const DetectorHead& head, Interpreter& net, const torch::Tensor& pictures,
                               bool features = false) const;
  virtual DetectorHead::Losses losses(const Batch& batch);

  const Recipe& recipe_;
  std::shared_ptr<const DetectionDataset> test_;
  std::unique_ptr<DetectionBatches> batches_;
  Model model_;
  Graph deployed_;
  TaskInfo input_;
  DetectionLossOptions options_;
  std::unique_ptr<DetectorHead> head_;
  std::unique_ptr<Interpreter> net_;
};

}  // namespace frugal
