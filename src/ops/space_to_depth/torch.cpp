#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(space_to_depth) {
  registry.add("space_to_depth", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t b = attr_int(a.node, "block"), n = a[0].size(0), c = a[0].size(1), h = a[0].size(2) / b,
                       w = a[0].size(3) / b;
    return {a[0].reshape({n, c, h, b, w, b}).permute({0, 3, 5, 1, 2, 4}).reshape({n, c * b * b, h, w})};
  });
}

}  // namespace frugal
