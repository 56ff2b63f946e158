#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(shrink) {
  registry.add("shrink", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::where(
        a[0] < -attr_real(a.node, "lambd"), a[0] + attr_real(a.node, "bias"),
        torch::where(a[0] > attr_real(a.node, "lambd"), a[0] - attr_real(a.node, "bias"), torch::zeros_like(a[0])))};
  });
}

}  // namespace frugal
