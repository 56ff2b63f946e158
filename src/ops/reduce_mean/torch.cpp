#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(reduce_mean) {
  registry.add("reduce_mean", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    Ints axes = attr_ints(a.node, "axes");
    for (std::int64_t i = 0; axes.size() < static_cast<std::size_t>(a[0].dim()) && attr_ints(a.node, "axes").empty();
         ++i)
      axes.push_back(i);
    if (axes.empty()) return {a[0].clone()};  // of a single number
    return {a[0].mean(axes, attr_flag(a.node, "keep_dims"))};
  });
}

}  // namespace frugal
