#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(gather) {
  registry.add("gather", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis =
        attr_int(a.node, "axis") < 0 ? attr_int(a.node, "axis") + a[0].dim() : attr_int(a.node, "axis");
    const torch::Tensor at = torch::where(a[1] < 0, a[1] + a[0].size(axis), a[1]).flatten();
    std::vector<std::int64_t> shape = a[0].sizes().vec();
    shape.erase(shape.begin() + axis);
    shape.insert(shape.begin() + axis, a[1].sizes().begin(), a[1].sizes().end());
    return {a[0].index_select(axis, at).reshape(shape)};
  });
}

}  // namespace frugal
