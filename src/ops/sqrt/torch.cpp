#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(sqrt) {
  registry.add("sqrt", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::sqrt(a[0])}; });
}

}  // namespace frugal
