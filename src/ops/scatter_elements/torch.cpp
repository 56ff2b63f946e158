#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(scatter_elements) {
  registry.add("scatter_elements", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    const std::string& reduction = attr_text(a.node, "reduction");
    const torch::Tensor at = torch::where(a[1] < 0, a[1] + a[0].size(axis), a[1]).to(torch::kLong);
    if (reduction == "none") return {torch::scatter(a[0], axis, at, a[2])};
    if (reduction == "add") return {torch::scatter_add(a[0], axis, at, a[2])};
    return {torch::scatter_reduce(a[0], axis, at, a[2],
                                  reduction == "mul"   ? "prod"
                                  : reduction == "max" ? "amax"
                                                       : "amin")};
  });
}

}  // namespace frugal
