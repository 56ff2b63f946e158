#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(softsign) {
  registry.add("softsign",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {a[0] / (1 + torch::abs(a[0]))}; });
}

}  // namespace frugal
