#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(flip) {
  registry.add("flip", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    Ints axes = attr_ints(a.node, "axes");
    for (std::int64_t i = 0; attr_ints(a.node, "axes").empty() && i < a[0].dim(); ++i) axes.push_back(i);
    return {torch::flip(a[0], axes)};
  });
}

}  // namespace frugal
