#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_min) {
  registry.add("reduce_min", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {torch::amin(x, axes, keep)};
  });
}

}  // namespace frugal
