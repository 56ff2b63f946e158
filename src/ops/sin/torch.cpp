#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(sin) {
  registry.add("sin", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::sin(a[0])}; });
}

}  // namespace frugal
