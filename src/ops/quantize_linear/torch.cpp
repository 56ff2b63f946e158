#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(quantize_linear) {
  registry.add("quantize_linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    auto along = [&](const torch::Tensor& values) {
      if (values.numel() == 1) return values.reshape({});
      std::vector<std::int64_t> shape(static_cast<std::size_t>(a[0].dim()), 1);
      shape[static_cast<std::size_t>(axis < 0 ? axis + a[0].dim() : axis)] = values.numel();
      return values.reshape(shape);
    };
    const bool is_signed = a.has(2) ? a[2].scalar_type() == torch::kInt8 : attr_text(a.node, "dtype") == "int8";
    torch::Tensor q = torch::round(a[0] / along(a[1]));
    if (a.has(2)) q = q + along(a[2].to(q.scalar_type()));
    return {is_signed ? q.clamp(-128, 127).to(torch::kInt8) : q.clamp(0, 255).to(torch::kUInt8)};
  });
}

}  // namespace frugal
