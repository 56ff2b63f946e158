#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(global_avg_pool) {
  registry.add("global_avg_pool", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {a[0].mean({2, 3}, true)};
  });
}

}  // namespace frugal
