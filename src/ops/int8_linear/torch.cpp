#include "ops/int8_torch.h"

namespace frugal {

FRUGAL_TORCH(int8_linear) {
  registry.add("int8_linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    torch::Tensor sum = torch::linear(int8_numbers_torch(a), int8_weight_torch(a)) * a[2].to(torch::kFloat64);
    if (a.has(6)) sum = sum * (a[6].numel() == 1 ? a[6].reshape({}) : a[6]).to(torch::kFloat64);
    if (a.has(3)) sum = sum + a[3].to(torch::kFloat64);
    return {int8_store_torch(a, sum, 4)};
  });
}

}  // namespace frugal
