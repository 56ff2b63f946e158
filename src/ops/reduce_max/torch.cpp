#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_max) {
  registry.add("reduce_max", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {torch::amax(x, axes, keep)};
  });
}

}  // namespace frugal
