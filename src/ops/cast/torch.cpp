#include "train/interpreter.h"
#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(cast) {
  registry.add("cast", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const torch::ScalarType to = torch_dtype(dtype_from_name(attr_text(a.node, "to")));
    if (!a[0].is_floating_point() || !torch::isIntegralType(to, false)) return {a[0].to(to)};
    // Saturated, NaN as 0: what the engine does where C++ leaves the conversion undefined.
    const double high = std::ldexp(1.0, 8 * static_cast<int>(torch::elementSize(to)) - (to == torch::kByte ? 0 : 1)),
                 low = to == torch::kByte ? 0 : -high;
    const torch::Tensor x = torch::nan_to_num(a[0].to(torch::kFloat64), 0, high, low);
    const torch::Tensor inside = torch::clamp(x, low, std::nextafter(high, 0.0)).to(to);
    const std::int64_t largest = to == torch::kLong ? INT64_MAX : static_cast<std::int64_t>(high) - 1;
    return {torch::where(x >= high, torch::full_like(inside, largest), inside)};
  });
}

}  // namespace frugal
