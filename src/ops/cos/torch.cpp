#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(cos) {
  registry.add("cos", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::cos(a[0])}; });
}

}  // namespace frugal
