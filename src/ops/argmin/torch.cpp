#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(argmin) {
  registry.add("argmin", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    const bool keep = attr_flag(a.node, "keep_dims");
    if (!attr_flag(a.node, "last")) return {torch::argmin(a[0], axis, keep)};
    return {a[0].size(axis) - 1 - torch::argmin(torch::flip(a[0], axis), axis, keep)};
  });
}

}  // namespace frugal
