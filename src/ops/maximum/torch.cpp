#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(maximum) {
  registry.add("maximum",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::maximum(a[0], a[1])}; });
}

}  // namespace frugal
