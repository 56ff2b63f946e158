#include "ops/padding_torch.h"

namespace frugal {

FRUGAL_TORCH(conv2d) {
  registry.add("conv2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints& stride = attr_ints(a.node, "stride");
    const Ints unit{1, 1};
    if (a[1].size(2) == 1 && a[1].size(3) == 1 && stride != unit && attr_ints(a.node, "padding") == Ints{0, 0, 0, 0}) {
      // Only every stride-th pixel counts. oneDNN's gradient of such weights (AVX-512, channels innermost, 8 of them)
      // writes beyond its memory.
      const torch::Tensor kept = a[0].slice(2, 0, std::nullopt, stride[0]).slice(3, 0, std::nullopt, stride[1]);
      return {torch::conv2d(kept, a[1], a.in[2], unit, Ints{0, 0}, unit, attr_int(a.node, "groups"))};
    }
    const PaddedTorch in = padded_torch(a[0], attr_ints(a.node, "padding"));
    return {torch::conv2d(in.x, a[1], a.in[2], stride, in.padding, attr_ints(a.node, "dilation"),
                          attr_int(a.node, "groups"))};
  });
}

}  // namespace frugal
