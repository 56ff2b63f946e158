#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_mean) {
  registry.add("reduce_mean", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const auto [x, axes, keep, count] = TorchReduction(a);
    return {x.is_floating_point()
                ? torch::mean(x, axes, keep)
                : torch::div(torch::sum(x, axes, keep), std::max<std::int64_t>(count, 1), "trunc").to(x.scalar_type())};
  });
}

}  // namespace frugal
