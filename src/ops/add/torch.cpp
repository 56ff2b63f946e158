#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(add) {
  registry.add("add", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {a[0] + a[1]}; });
}

}  // namespace frugal
