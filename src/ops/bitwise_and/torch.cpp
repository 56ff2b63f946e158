#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(bitwise_and) {
  registry.add("bitwise_and",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::bitwise_and(a[0], a[1])}; });
}

}  // namespace frugal
