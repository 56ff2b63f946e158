#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(lrn) {
  registry.add("lrn", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t size = attr_int(a.node, "size"), channels = a[0].size(1);
    const torch::Tensor squares = a[0] * a[0];
    std::vector<torch::Tensor> sums;
    for (std::int64_t c = 0; c < channels; ++c)
      sums.push_back(squares.slice(1, std::max<std::int64_t>(0, c - (size - 1) / 2), c + size / 2 + 1).sum(1, true));
    if (sums.empty()) return {a[0].clone()};
    const double scale = attr_real(a.node, "alpha") / static_cast<double>(size);
    return {a[0] / torch::pow(attr_real(a.node, "bias") + scale * torch::cat(sums, 1), attr_real(a.node, "beta"))};
  });
}

}  // namespace frugal
