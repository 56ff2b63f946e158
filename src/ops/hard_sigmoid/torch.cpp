#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(hard_sigmoid) {
  registry.add("hard_sigmoid", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::clamp(a[0] * attr_real(a.node, "alpha") + attr_real(a.node, "beta"), 0, 1)};
  });
}

}  // namespace frugal
