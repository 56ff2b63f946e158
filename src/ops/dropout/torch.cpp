#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(dropout) {
  registry.add("dropout", [](const TorchArgs& a) {
    const double rate = attr_real(a.node, "rate");
    if (!a.training || attr_text(a.node, "per") == "element")
      return std::vector{torch::dropout(a[0], rate, a.training)};
    std::vector<std::int64_t> samples(static_cast<std::size_t>(a[0].dim()), 1);
    samples[0] = a[0].size(0);
    return std::vector{a[0] * torch::dropout(torch::ones(samples, a[0].options().requires_grad(false)), rate, true)};
  });
}

}  // namespace frugal
