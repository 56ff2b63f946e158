#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(less_or_equal) {
  registry.add("less_or_equal",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::le(a[0], a[1])}; });
}

}  // namespace frugal
