#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(group_norm) {
  registry.add("group_norm", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::group_norm(a[0], attr_int(a.node, "groups"), a[1], a[2], attr_real(a.node, "eps"), false)};
  });
}

}  // namespace frugal
