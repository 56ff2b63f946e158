#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(global_max_pool) {
  registry.add("global_max_pool", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {a[0].amax({2, 3}, true)};
  });
}

}  // namespace frugal
