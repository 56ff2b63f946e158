#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(batch_norm) {
  registry.add("batch_norm", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::batch_norm(a[0], a[1], a[2], a[3], a[4], a.training, attr_real(a.node, "momentum"),
                              attr_real(a.node, "eps"), false)};
  });
}

}  // namespace frugal
