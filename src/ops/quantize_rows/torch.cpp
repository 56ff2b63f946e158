#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(quantize_rows) {
  registry.add("quantize_rows", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t zero = attr_int(a.node, "zero_point");
    std::vector<std::int64_t> rows = a[0].sizes().vec();
    rows.back() = 1;
    torch::Tensor scale = torch::full(rows, 1e-30, a[0].options());
    if (zero < 255 && a[0].numel() > 0) scale = torch::maximum(scale, a[0].amax(-1, true) / (255 - zero));
    if (zero > 0 && a[0].numel() > 0) scale = torch::maximum(scale, a[0].amin(-1, true) / -zero);
    return {(torch::round(a[0] / scale) + zero).clamp(0, 255).to(torch::kUInt8), scale};
  });
}

}  // namespace frugal
