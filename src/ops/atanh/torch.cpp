#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(atanh) {
  registry.add("atanh", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::atanh(a[0])}; });
}

}  // namespace frugal
