#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(pixel_shuffle) {
  registry.add("pixel_shuffle", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::pixel_shuffle(a[0], attr_int(a.node, "factor"))};
  });
}

}  // namespace frugal
