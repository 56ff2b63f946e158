#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(relu6) {
  registry.add("relu6", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::relu6(a[0])}; });
}

}  // namespace frugal
