#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(rms_norm) {
  registry.add("rms_norm", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis =
        attr_int(a.node, "axis") < 0 ? attr_int(a.node, "axis") + a[0].dim() : attr_int(a.node, "axis");
    std::vector<std::int64_t> axes;
    for (std::int64_t i = axis; i < a[0].dim(); ++i) axes.push_back(i);
    return {a[0] * torch::rsqrt(torch::mean(a[0] * a[0], axes, true) + attr_real(a.node, "eps")) * a[1]};
  });
}

}  // namespace frugal
