// The training form of recurrent cells: the formulas of the ONNX standard, step by step.
#pragma once

#include "ops/recurrent.h"
#include "train/torch_op.h"

namespace frugal {

std::vector<torch::Tensor> recurrent_torch(const TorchArgs& args, Cell cell);

}  // namespace frugal
