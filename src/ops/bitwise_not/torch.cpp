#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(bitwise_not) {
  registry.add("bitwise_not",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::bitwise_not(a[0])}; });
}

}  // namespace frugal
