#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(one_hot) {
  registry.add("one_hot", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t depth = attr_int(a.node, "depth");
    const torch::Tensor at = torch::where(a[0] < 0, a[0] + depth, a[0]).unsqueeze(attr_int(a.node, "axis"));
    std::vector<std::int64_t> shape(static_cast<std::size_t>(at.dim()), 1);
    const std::int64_t axis = attr_int(a.node, "axis");
    shape[static_cast<std::size_t>(axis < 0 ? axis + at.dim() : axis)] = depth;
    const torch::Tensor hit = at == torch::arange(depth, at.options()).reshape(shape);
    const auto options = torch::TensorOptions(torch::kFloat32).device(at.device());
    return {torch::where(hit, torch::full({}, attr_real(a.node, "on"), options),
                         torch::full({}, attr_real(a.node, "off"), options))};
  });
}

}  // namespace frugal
