#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(asin) {
  registry.add("asin", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::asin(a[0])}; });
}

}  // namespace frugal
