#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(reciprocal) {
  registry.add("reciprocal",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::reciprocal(a[0])}; });
}

}  // namespace frugal
