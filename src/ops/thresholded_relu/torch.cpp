#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(thresholded_relu) {
  registry.add("thresholded_relu", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::threshold(a[0], attr_real(a.node, "alpha"), 0)};
  });
}

}  // namespace frugal
