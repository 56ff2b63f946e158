#include "ops/quantization_torch.h"

namespace frugal {

FRUGAL_TORCH(quantize_linear) {
  registry.add("quantize_linear", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const bool is_signed = a.has(2) ? a[2].scalar_type() == torch::kInt8 : attr_text(a.node, "dtype") == "int8";
    torch::Tensor q = torch::round(a[0] / along_axis(a, a[1]));
    if (a.has(2)) q = q + along_axis(a, a[2].to(q.scalar_type()));
    return {is_signed ? q.clamp(-128, 127).to(torch::kInt8) : q.clamp(0, 255).to(torch::kUInt8)};
  });
}

}  // namespace frugal
