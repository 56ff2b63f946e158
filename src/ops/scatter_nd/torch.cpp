#include "ops/nd_torch.h"

namespace frugal {

FRUGAL_TORCH(scatter_nd) {
  registry.add("scatter_nd", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::string& reduction = attr_text(a.node, "reduction");
    const torch::Tensor x = nd_slices_of(a[0], a[1].size(-1)), rows = nd_rows(a[0], a[1], 0),
                        updates = a[2].reshape({rows.size(0), x.size(1)}),
                        at = rows.reshape({-1, 1}).expand({rows.size(0), x.size(1)});
    const torch::Tensor y = reduction == "none"  ? torch::scatter(x, 0, at, updates)
                            : reduction == "add" ? torch::scatter_add(x, 0, at, updates)
                                                 : torch::scatter_reduce(x, 0, at, updates,
                                                                         reduction == "mul"   ? "prod"
                                                                         : reduction == "max" ? "amax"
                                                                                              : "amin");
    return {y.reshape(a[0].sizes())};
  });
}

}  // namespace frugal
