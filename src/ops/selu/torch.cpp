#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(selu) {
  registry.add("selu", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::elu(a[0], attr_real(a.node, "alpha"), attr_real(a.node, "gamma"))};
  });
}

}  // namespace frugal
