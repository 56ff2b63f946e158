#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(cosh) {
  registry.add("cosh", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::cosh(a[0])}; });
}

}  // namespace frugal
