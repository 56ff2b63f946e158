#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(log) {
  registry.add("log", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::log(a[0])}; });
}

}  // namespace frugal
