#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(round) {
  registry.add("round", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::round(a[0])}; });
}

}  // namespace frugal
