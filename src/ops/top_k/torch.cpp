#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(top_k) {  // a stable sort, so that the first of equals comes first
  registry.add("top_k", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis"), k = attr_int(a.node, "k");
    const auto [values, indices] = torch::sort(a[0], std::optional<bool>(true), axis, attr_flag(a.node, "largest"));
    return {values.narrow(axis, 0, k), indices.narrow(axis, 0, k)};
  });
}

}  // namespace frugal
