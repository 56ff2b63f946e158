#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(hardmax) {
  registry.add("hardmax", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    return {torch::zeros_like(a[0]).scatter(axis, torch::argmax(a[0], axis, true), 1)};
  });
}

}  // namespace frugal
