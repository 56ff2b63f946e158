#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(sinh) {
  registry.add("sinh", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::sinh(a[0])}; });
}

}  // namespace frugal
