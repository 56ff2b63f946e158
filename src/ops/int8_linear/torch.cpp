#include "ops/int8_torch.h"

namespace frugal {

FRUGAL_TORCH(int8_linear) {
  registry.add("int8_linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    torch::Tensor x = a[0].to(torch::kFloat64);
    x = a.has(5) ? x - a[5].to(torch::kFloat64).reshape({}) : x - attr_int(a.node, "x_zero");
    torch::Tensor sum = torch::linear(x, a[1].to(torch::kFloat64)) * a[2].to(torch::kFloat64);
    if (a.has(6)) sum = sum * a[6].to(torch::kFloat64).reshape({});
    if (a.has(3)) sum = sum + a[3].to(torch::kFloat64);
    return {int8_store_torch(a, sum, 4)};
  });
}

}  // namespace frugal
