#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(adaptive_avg_pool2d) {
  registry.add("adaptive_avg_pool2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::adaptive_avg_pool2d(a[0], attr_ints(a.node, "size"))};
  });
}

}  // namespace frugal
