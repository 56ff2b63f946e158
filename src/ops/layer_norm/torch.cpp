#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(layer_norm) {
  registry.add("layer_norm", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    std::int64_t axis = attr_int(a.node, "axis");
    auto dims = a[0].sizes().slice(static_cast<std::size_t>(axis < 0 ? axis + a[0].dim() : axis));
    return {torch::layer_norm(a[0], dims, a.in[1], a.in[2], attr_real(a.node, "eps"))};
  });
}

}  // namespace frugal
