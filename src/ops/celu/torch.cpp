#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(celu) {
  registry.add("celu", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::celu(a[0], attr_real(a.node, "alpha"))};
  });
}

}  // namespace frugal
