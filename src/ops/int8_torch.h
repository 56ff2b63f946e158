// The store of the ops on bytes in LibTorch: scaled sums in, bytes or floats out.
#pragma once

#include "train/torch_op.h"

namespace frugal {

// x and the weight of a layer less their zero points, as doubles.
torch::Tensor int8_numbers_torch(const TorchArgs& a);
torch::Tensor int8_weight_torch(const TorchArgs& a);
torch::Tensor int8_store_torch(const TorchArgs& a, torch::Tensor sum, std::size_t residual);

}  // namespace frugal
