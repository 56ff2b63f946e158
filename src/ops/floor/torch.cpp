#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(floor) {
  registry.add("floor", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::floor(a[0])}; });
}

}  // namespace frugal
