#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(logical_or) {
  registry.add("logical_or",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::logical_or(a[0], a[1])}; });
}

}  // namespace frugal
