#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(gather_elements) {
  registry.add("gather_elements", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    const torch::Tensor at = torch::where(a[1] < 0, a[1] + a[0].size(axis), a[1]).to(torch::kLong);
    return {torch::gather(a[0], axis, at)};
  });
}

}  // namespace frugal
