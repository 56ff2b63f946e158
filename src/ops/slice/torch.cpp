#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(slice) {
  registry.add("slice", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints &starts = attr_ints(a.node, "starts"), &ends = attr_ints(a.node, "ends"),
               &axes = attr_ints(a.node, "axes"), &steps = attr_ints(a.node, "steps");
    torch::Tensor y = a[0];
    for (std::size_t i = 0; i < starts.size(); ++i)
      y = y.slice(axes.empty() ? static_cast<std::int64_t>(i) : axes[i], starts[i], ends[i],
                  steps.empty() ? 1 : steps[i]);
    return {y};
  });
}

}  // namespace frugal
