#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(logical_and) {
  registry.add("logical_and",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::logical_and(a[0], a[1])}; });
}

}  // namespace frugal
