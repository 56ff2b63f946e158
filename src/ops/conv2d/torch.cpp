#include "ops/padding_torch.h"

namespace frugal {

FRUGAL_TORCH(conv2d) {
  registry.add("conv2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const PaddedTorch in = padded_torch(a[0], attr_ints(a.node, "padding"));
    return {torch::conv2d(in.x, a[1], a.in[2], attr_ints(a.node, "stride"), in.padding, attr_ints(a.node, "dilation"),
                          attr_int(a.node, "groups"))};
  });
}

}  // namespace frugal
