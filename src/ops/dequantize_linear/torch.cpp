#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(dequantize_linear) {
  registry.add("dequantize_linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t axis = attr_int(a.node, "axis");
    auto along = [&](const torch::Tensor& values) {
      if (values.numel() == 1) return values.reshape({});
      std::vector<std::int64_t> shape(static_cast<std::size_t>(a[0].dim()), 1);
      shape[static_cast<std::size_t>(axis < 0 ? axis + a[0].dim() : axis)] = values.numel();
      return values.reshape(shape);
    };
    torch::Tensor q = a[0].to(torch::kFloat64);
    if (a.has(2)) q = q - along(a[2].to(torch::kFloat64));
    return {(q.to(a[1].scalar_type())) * along(a[1])};
  });
}

}  // namespace frugal
