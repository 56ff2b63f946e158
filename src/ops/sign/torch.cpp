#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(sign) {
  registry.add("sign", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::sign(a[0])}; });
}

}  // namespace frugal
