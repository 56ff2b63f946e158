#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(conv_transpose2d) {
  registry.add("conv_transpose2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints &pad = attr_ints(a.node, "padding"), &more = attr_ints(a.node, "output_padding");
    torch::Tensor y = torch::conv_transpose2d(a[0], a[1], {}, attr_ints(a.node, "stride"), 0, 0,
                                              attr_int(a.node, "groups"), attr_ints(a.node, "dilation"));
    y = torch::constant_pad_nd(y, {-pad[1], more[1] - pad[3], -pad[0], more[0] - pad[2]});
    return {a.has(2) ? y + a[2].reshape({1, -1, 1, 1}) : y};
  });
}

}  // namespace frugal
