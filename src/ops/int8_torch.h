// The store of the ops on bytes in LibTorch: scaled sums in, bytes or floats out.
#pragma once

#include "train/torch_op.h"

namespace frugal {

torch::Tensor int8_store_torch(const TorchArgs& a, torch::Tensor sum, std::size_t residual);

}  // namespace frugal
