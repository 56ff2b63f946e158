#include "train/torch_op.h"

namespace frugal {
namespace {

torch::Tensor pad_constant(const torch::Tensor& x, const Ints& pads, double value) {
  const std::size_t rank = pads.size() / 2;
  std::vector<std::int64_t> reversed;  // LibTorch begins with the last dim
  for (std::size_t i = rank; i-- > 0;) {
    reversed.push_back(pads[i]);
    reversed.push_back(pads[i + rank]);
  }
  return torch::constant_pad_nd(x, reversed, value);
}

// Any rank and dim, which LibTorch's own reflect and replicate padding do not take.
torch::Tensor pad_by_index(torch::Tensor x, const Ints& pads, const std::string& mode) {
  const auto rank = static_cast<std::int64_t>(pads.size() / 2);
  for (std::int64_t i = 0; i < rank; ++i) {
    std::int64_t before = pads[static_cast<std::size_t>(i)], after = pads[static_cast<std::size_t>(i + rank)],
                 last = x.size(i) - 1;
    if (before == 0 && after == 0) continue;
    torch::Tensor at = torch::arange(-before, x.size(i) + after, torch::TensorOptions(torch::kLong).device(x.device()));
    at = mode == "reflect" ? last - (last - at.abs()).abs()
         : mode == "wrap"  ? at.remainder(last + 1)
                           : at.clamp(0, last);
    x = x.index_select(i, at);
  }
  return x;
}

}  // namespace

FRUGAL_TORCH(pad) {
  registry.add("pad", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints& pads = attr_ints(a.node, "pads");
    const std::string& mode = attr_text(a.node, "mode");
    if (mode == "constant") return {pad_constant(a[0], pads, attr_real(a.node, "value"))};
    return {pad_by_index(a[0], pads, mode)};
  });
}

}  // namespace frugal
