#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(elu) {
  registry.add("elu", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::elu(a[0], attr_real(a.node, "alpha"))};
  });
}

}  // namespace frugal
