// What the quantising ops share in LibTorch.
#pragma once

#include "train/torch_op.h"

namespace frugal {

// Scales or zero points shaped so that they broadcast against input 0: one for all, or one for each index of `axis`.
torch::Tensor along_axis(const TorchArgs& a, const torch::Tensor& values);

}  // namespace frugal
