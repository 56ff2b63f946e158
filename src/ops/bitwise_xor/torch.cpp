#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(bitwise_xor) {
  registry.add("bitwise_xor",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::bitwise_xor(a[0], a[1])}; });
}

}  // namespace frugal
