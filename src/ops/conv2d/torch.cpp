#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(conv2d) {
  registry.add("conv2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints &stride = attr_ints(a.node, "stride"), &pad = attr_ints(a.node, "padding");
    torch::Tensor x = a[0];
    std::vector<std::int64_t> symmetric{pad[0], pad[1]};
    if (pad[0] != pad[2] || pad[1] != pad[3]) {  // LibTorch pads both ends alike
      x = torch::constant_pad_nd(x, {pad[1], pad[3], pad[0], pad[2]});
      symmetric = {0, 0};
    }
    return {
        torch::conv2d(x, a[1], a.in[2], stride, symmetric, attr_ints(a.node, "dilation"), attr_int(a.node, "groups"))};
  });
}

}  // namespace frugal
