#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_l1) {
  registry.add("reduce_l1", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {torch::sum(torch::abs(x), axes, keep, x.scalar_type())};
  });
}

}  // namespace frugal
