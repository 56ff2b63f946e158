#include "ops/int8_torch.h"

namespace frugal {

FRUGAL_TORCH(int8_add) {
  registry.add("int8_add", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    torch::Tensor x = (a[0].to(torch::kFloat64) - attr_int(a.node, "x_zero")) * attr_real(a.node, "scale");
    return {int8_store_torch(a, x, 1)};
  });
}

}  // namespace frugal
