#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(div) {
  registry.add("div", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {a[0].is_floating_point() ? a[0] / a[1] : torch::div(a[0], a[1], "trunc")};
  });
}

}  // namespace frugal
