#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(cum_sum) {
  registry.add("cum_sum", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    const bool reverse = attr_flag(a.node, "reverse");
    const torch::Tensor x = reverse ? torch::flip(a[0], axis) : a[0];
    torch::Tensor y = torch::cumsum(x, axis, x.scalar_type());
    if (attr_flag(a.node, "exclusive")) y = y - x;
    return {reverse ? torch::flip(y, axis) : y};
  });
}

}  // namespace frugal
