#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(instance_norm) {  // as groups of one channel: LibTorch's own refuses pictures of a single pixel
  registry.add("instance_norm", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::group_norm(a[0], a[0].size(1), a[1], a[2], attr_real(a.node, "eps"), false)};
  });
}

}  // namespace frugal
