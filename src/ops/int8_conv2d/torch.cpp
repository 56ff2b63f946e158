#include "ops/int8_torch.h"

namespace frugal {

FRUGAL_TORCH(int8_conv2d) {
  registry.add("int8_conv2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints& pad = attr_ints(a.node, "padding");
    torch::Tensor x = a[0].to(torch::kFloat64) - attr_int(a.node, "x_zero");
    x = torch::constant_pad_nd(x, {pad[1], pad[3], pad[0], pad[2]});
    torch::Tensor sum =
        torch::conv2d(x, a[1].to(torch::kFloat64), {}, attr_ints(a.node, "stride"), torch::IntArrayRef{0, 0},
                      attr_ints(a.node, "dilation"), attr_int(a.node, "groups"));
    sum = sum * a[2].to(torch::kFloat64).reshape({1, -1, 1, 1});
    if (a.has(3)) sum = sum + a[3].to(torch::kFloat64).reshape({1, -1, 1, 1});
    return {int8_store_torch(a, sum, 4)};
  });
}

}  // namespace frugal
