#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(abs) {
  registry.add("abs", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::abs(a[0])}; });
}

}  // namespace frugal
