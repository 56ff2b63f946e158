#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(mish) {
  registry.add("mish", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::mish(a[0])}; });
}

}  // namespace frugal
