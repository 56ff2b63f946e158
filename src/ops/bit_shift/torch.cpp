#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(bit_shift) {
  registry.add("bit_shift", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {attr_text(a.node, "direction") == "left" ? torch::bitwise_left_shift(a[0], a[1])
                                                     : torch::bitwise_right_shift(a[0], a[1])};
  });
}

}  // namespace frugal
