#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(neg) {
  registry.add("neg", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {-a[0]}; });
}

}  // namespace frugal
