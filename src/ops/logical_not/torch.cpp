#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(logical_not) {
  registry.add("logical_not",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::logical_not(a[0])}; });
}

}  // namespace frugal
