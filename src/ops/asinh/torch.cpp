#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(asinh) {
  registry.add("asinh", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::asinh(a[0])}; });
}

}  // namespace frugal
