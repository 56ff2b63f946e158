#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_sum) {
  registry.add("reduce_sum", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {torch::sum(x, axes, keep, x.scalar_type())};
  });
}

}  // namespace frugal
