#include <algorithm>

#include "ops/reduction_torch.h"

namespace frugal {

FRUGAL_TORCH(reduce_prod) {
  registry.add("reduce_prod", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    auto [x, axes, keep, count] = TorchReduction(a);
    for (std::int64_t& axis : axes) axis = axis < 0 ? axis + x.dim() : axis;
    std::sort(axes.rbegin(), axes.rend());  // LibTorch takes one at a time
    torch::Tensor y = x;
    for (std::int64_t axis : axes) y = torch::prod(y, axis, keep, x.scalar_type());
    return {y};
  });
}

}  // namespace frugal
