#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(bitwise_or) {
  registry.add("bitwise_or",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::bitwise_or(a[0], a[1])}; });
}

}  // namespace frugal
