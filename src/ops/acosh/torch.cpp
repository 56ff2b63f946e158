#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(acosh) {
  registry.add("acosh", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::acosh(a[0])}; });
}

}  // namespace frugal
