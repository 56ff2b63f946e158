#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_log_sum_exp) {
  registry.add("reduce_log_sum_exp", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {torch::logsumexp(x, axes, keep)};
  });
}

}  // namespace frugal
