#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(less) {
  registry.add("less", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::lt(a[0], a[1])}; });
}

}  // namespace frugal
