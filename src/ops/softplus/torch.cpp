#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(softplus) {
  registry.add("softplus", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::softplus(a[0])}; });
}

}  // namespace frugal
