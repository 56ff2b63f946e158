#include "train/torch_op.h"

namespace frugal {
namespace {

// Boxes as y1, x1, y2, x2.
torch::Tensor corner_boxes(const torch::Tensor& b, bool centre) {
  if (!centre) {
    const torch::Tensor first = b.slice(1, 0, 2), second = b.slice(1, 2, 4);
    return torch::cat({torch::minimum(first, second), torch::maximum(first, second)}, 1);
  }
  const torch::Tensor middle = b.slice(1, 0, 2).flip(1), half = b.slice(1, 2, 4).flip(1) / 2;
  return torch::cat({middle - half, middle + half}, 1);
}

// Share of the union of each pair.
torch::Tensor overlaps(const torch::Tensor& b) {
  const torch::Tensor low = torch::maximum(b.slice(1, 0, 2).unsqueeze(0), b.slice(1, 0, 2).unsqueeze(1)),
                      high = torch::minimum(b.slice(1, 2, 4).unsqueeze(0), b.slice(1, 2, 4).unsqueeze(1)),
                      both = (high - low).clamp_min(0).prod(2), area = (b.slice(1, 2, 4) - b.slice(1, 0, 2)).prod(1);
  return torch::nan_to_num(both / (area.unsqueeze(0) + area.unsqueeze(1) - both), 0);
}

}  // namespace

FRUGAL_TORCH(non_max_suppression) {
  registry.add("non_max_suppression", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t count = a[0].size(1), most = std::min(attr_int(a.node, "most"), count);
    torch::Tensor out = torch::full({a[1].size(0) * a[1].size(1) * most, 3}, -1, torch::kInt64);
    std::int64_t row = 0;
    for (std::int64_t n = 0; n < a[1].size(0); ++n) {
      const torch::Tensor hides =
          overlaps(corner_boxes(a[0][n], attr_flag(a.node, "centre"))) > attr_real(a.node, "iou");
      for (std::int64_t c = 0; c < a[1].size(1); ++c) {
        const torch::Tensor order = std::get<1>(torch::sort(a[1][n][c], std::optional<bool>(true), 0, true));
        torch::Tensor alive = a[1][n][c] > attr_real(a.node, "score");
        std::int64_t kept = 0;
        for (std::int64_t i = 0; i < count && kept < most; ++i) {
          const std::int64_t box = order[i].item<std::int64_t>();
          if (!alive[box].item<bool>()) continue;
          out[row++] = torch::tensor({n, c, box});
          alive = alive & ~hides[box];
          ++kept;
        }
      }
    }
    return {out};
  });
}

}  // namespace frugal
