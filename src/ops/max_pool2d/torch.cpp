#include "ops/pooling.h"
#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(max_pool2d) {
  registry.add("max_pool2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints &pad = attr_ints(a.node, "padding"), &kernel = attr_ints(a.node, "kernel"),
               &stride = attr_ints(a.node, "stride"), &dilation = attr_ints(a.node, "dilation");
    const torch::Tensor& given = a[0];
    if (!given.is_floating_point()) {
      const std::vector<torch::Tensor> in{given.to(torch::kFloat32)};
      return {TorchRegistry::instance().get("max_pool2d")({a.node, in, a.training})[0].to(given.scalar_type())};
    }
    const bool ceil_mode = attr_flag(a.node, "ceil_mode");
    if (pad[0] == pad[2] && pad[1] == pad[3] && pad[0] <= kernel[0] / 2 && pad[1] <= kernel[1] / 2)
      return {torch::max_pool2d(a[0], kernel, stride, {pad[0], pad[1]}, dilation, ceil_mode)};
    // With padding of our own LibTorch's rule for ceil_mode sees a larger picture: the rest is cut off.
    torch::Tensor x =
        torch::constant_pad_nd(a[0], {pad[1], pad[3], pad[0], pad[2]}, -std::numeric_limits<double>::infinity());
    torch::Tensor y = torch::max_pool2d(x, kernel, stride, 0, dilation, ceil_mode);
    return {y.narrow(2, 0, pooled_size(a.node, 0, a[0].size(2))).narrow(3, 0, pooled_size(a.node, 1, a[0].size(3)))};
  });
}

}  // namespace frugal
