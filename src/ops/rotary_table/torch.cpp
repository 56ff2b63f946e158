#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(rotary_table) {
  registry.add("rotary_table", [](const TorchArgs& a) {
    const std::int64_t dims = attr_int(a.node, "dims");
    torch::Tensor exponents = torch::arange(0, dims, 2, torch::dtype(torch::kFloat64)).to(a[0].device()) / dims;
    torch::Tensor frequencies = attr_real(a.node, "scale") * torch::pow(attr_real(a.node, "base"), -exponents);
    if (a.has(1)) frequencies = frequencies / a[1].to(torch::kFloat64);
    torch::Tensor angles = a[0].to(torch::kFloat64).unsqueeze(1) * frequencies;
    return std::vector{
        (attr_real(a.node, "magnitude") * torch::cat({torch::cos(angles), torch::sin(angles)}, 1)).to(torch::kFloat32)};
  });
}

}  // namespace frugal
