#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(max_pool2d) {
  registry.add("max_pool2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints& pad = attr_ints(a.node, "padding");
    torch::Tensor x = torch::constant_pad_nd(a[0], {pad[1], pad[3], pad[0], pad[2]}, -std::numeric_limits<double>::infinity());
    return {torch::max_pool2d(x, attr_ints(a.node, "kernel"), attr_ints(a.node, "stride"), 0, 1, attr_flag(a.node, "ceil_mode"))};
  });
}

}  // namespace frugal
