#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(greater_or_equal) {
  registry.add("greater_or_equal",
               [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::ge(a[0], a[1])}; });
}

}  // namespace frugal
