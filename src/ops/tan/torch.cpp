#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(tan) {
  registry.add("tan", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::tan(a[0])}; });
}

}  // namespace frugal
