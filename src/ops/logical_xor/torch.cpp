#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(logical_xor) {
  registry.add("logical_xor",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::logical_xor(a[0], a[1])}; });
}

}  // namespace frugal
