#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(minimum) {
  registry.add("minimum",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::minimum(a[0], a[1])}; });
}

}  // namespace frugal
