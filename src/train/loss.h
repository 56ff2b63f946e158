// Losses: sums over the samples, to be divided by the size of the whole batch.
#pragma once

#include <torch/torch.h>

#include "train/batch.h"
#include "train/recipe.h"

namespace frugal {

// Cross-entropy of logits [n, classes] with the batch's labels, or its probabilities where mixup made some, with
// label smoothing (Szegedy et al. 2016): target = (1 - s) * target + s / classes. Summed, / batch.global_samples.
torch::Tensor classification_loss(const torch::Tensor& logits, const Batch& batch, const Recipe::Loss& loss);

}  // namespace frugal
