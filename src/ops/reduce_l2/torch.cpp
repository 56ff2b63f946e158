#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_l2) {
  registry.add("reduce_l2", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {torch::sqrt(torch::sum(x * x, axes, keep))};
  });
}

}  // namespace frugal
