#include "ops/quantization_torch.h"

namespace frugal {

torch::Tensor along_axis(const TorchArgs& a, const torch::Tensor& values) {
  if (values.numel() == 1) return values.reshape({});
  const std::int64_t axis = attr_int(a.node, "axis");
  std::vector<std::int64_t> shape(static_cast<std::size_t>(a[0].dim()), 1);
  shape[static_cast<std::size_t>(axis < 0 ? axis + a[0].dim() : axis)] = values.numel();
  return values.reshape(shape);
}

}  // namespace frugal
