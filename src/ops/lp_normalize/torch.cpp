#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(lp_normalize) {
  registry.add("lp_normalize", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const torch::Tensor norm = torch::norm(a[0], attr_int(a.node, "p"), {attr_int(a.node, "axis")}, true);
    return {torch::where(norm == 0, torch::zeros_like(a[0]), a[0] / norm)};
  });
}

}  // namespace frugal
