#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(ceil) {
  registry.add("ceil", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::ceil(a[0])}; });
}

}  // namespace frugal
