#include "ops/quantization_torch.h"

namespace frugal {

FRUGAL_TORCH(dequantize_linear) {
  registry.add("dequantize_linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    torch::Tensor q = a[0].to(torch::kFloat64);
    if (a.has(2)) q = q - along_axis(a, a[2].to(torch::kFloat64));
    return {(q.to(a[1].scalar_type())) * along_axis(a, a[1])};
  });
}

}  // namespace frugal
