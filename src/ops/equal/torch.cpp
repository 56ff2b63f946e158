#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(equal) {
  registry.add("equal", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::eq(a[0], a[1])}; });
}

}  // namespace frugal
