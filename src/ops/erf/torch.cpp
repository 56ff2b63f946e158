#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(erf) {
  registry.add("erf", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::erf(a[0])}; });
}

}  // namespace frugal
