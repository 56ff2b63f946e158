#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(pow) {
  registry.add("pow", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::pow(a[0], a[1])}; });
}

}  // namespace frugal
