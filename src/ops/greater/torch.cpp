#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(greater) {
  registry.add("greater", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::gt(a[0], a[1])}; });
}

}  // namespace frugal
