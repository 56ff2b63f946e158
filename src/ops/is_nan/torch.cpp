#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(is_nan) {
  registry.add("is_nan", [](const TorchArgs& a) -> std::vector<torch::Tensor> { return {torch::isnan(a[0])}; });
}

}  // namespace frugal
