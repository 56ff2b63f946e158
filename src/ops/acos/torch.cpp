#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(acos) {
  registry.add("acos", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::acos(a[0])}; });
}

}  // namespace frugal
