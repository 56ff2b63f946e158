#include "train/loss.h"

namespace frugal {

torch::Tensor classification_loss(const torch::Tensor& logits, const Batch& batch, const Recipe::Loss& loss) {
  auto mixed = batch.targets.find("probabilities");
  torch::Tensor target = mixed != batch.targets.end() ? mixed->second : batch.targets.at("labels");
  auto options =
      torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum).label_smoothing(loss.label_smoothing);
  return torch::nn::functional::cross_entropy(logits.to(torch::kFloat32), target, options) /
         static_cast<double>(batch.global_samples);
}

}  // namespace frugal
