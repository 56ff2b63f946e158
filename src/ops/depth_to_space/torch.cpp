#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(depth_to_space) {
  registry.add("depth_to_space", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t b = attr_int(a.node, "block"), n = a[0].size(0), c = a[0].size(1) / (b * b), h = a[0].size(2),
                       w = a[0].size(3);
    const torch::Tensor y = attr_text(a.node, "mode") == "DCR"
                                ? a[0].reshape({n, b, b, c, h, w}).permute({0, 3, 4, 1, 5, 2})
                                : a[0].reshape({n, c, b, b, h, w}).permute({0, 1, 4, 2, 5, 3});
    return {y.reshape({n, c, h * b, w * b})};
  });
}

}  // namespace frugal
