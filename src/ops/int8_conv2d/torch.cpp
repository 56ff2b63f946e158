#include "ops/int8_torch.h"
#include "ops/padding_torch.h"

namespace frugal {

FRUGAL_TORCH(int8_conv2d) {
  registry.add("int8_conv2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const PaddedTorch in = padded_torch(int8_numbers_torch(a), attr_ints(a.node, "padding"));
    torch::Tensor sum = torch::conv2d(in.x, int8_weight_torch(a), {}, attr_ints(a.node, "stride"), in.padding,
                                      attr_ints(a.node, "dilation"), attr_int(a.node, "groups"));
    sum = sum * a[2].to(torch::kFloat64).reshape({1, -1, 1, 1});
    if (a.has(6)) sum = sum * a[6].to(torch::kFloat64).reshape({});
    if (a.has(3)) sum = sum + a[3].to(torch::kFloat64).reshape({1, -1, 1, 1});
    return {int8_store_torch(a, sum, 4)};
  });
}

}  // namespace frugal
