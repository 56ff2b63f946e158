#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(atan) {
  registry.add("atan", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::atan(a[0])}; });
}

}  // namespace frugal
