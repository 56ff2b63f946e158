#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(sub) {
  registry.add("sub", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {a[0] - a[1]}; });
}

}  // namespace frugal
