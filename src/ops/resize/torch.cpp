#include "ops/resize/resize.h"
#include "train/torch_op.h"

namespace frugal {
namespace {

// The resampling of one axis as a matrix [out, in], for conventions that LibTorch does not have.
torch::Tensor resize_matrix(const AxisTaps& taps, const torch::Tensor& like) {
  torch::Tensor m = torch::zeros({taps.out_size(), taps.in_size}, torch::kFloat64);
  auto at = m.accessor<double, 2>();
  for (std::int64_t d = 0; d < taps.out_size(); ++d)
    for (std::int64_t k = taps.first[static_cast<std::size_t>(d)]; k < taps.first[static_cast<std::size_t>(d + 1)]; ++k)
      at[d][taps.index[static_cast<std::size_t>(k)]] += static_cast<double>(taps.weight[static_cast<std::size_t>(k)]);
  return m.to(like.options());
}

torch::Tensor resize_index(const std::vector<std::int64_t>& map, const torch::Tensor& like) {
  return torch::tensor(map, torch::kLong).to(like.device());
}

}  // namespace

FRUGAL_TORCH(resize) {
  registry.add("resize", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const torch::Tensor& x = a[0];
    const std::string& mode = attr_text(a.node, "mode");
    const Ints& size = attr_ints(a.node, "size");
    const Floats& scale = attr_reals(a.node, "scale");
    std::vector<std::int64_t> out{size.empty() ? scaled_size(x.size(2), scale[0]) : size[0],
                                  size.empty() ? scaled_size(x.size(3), scale[1]) : size[1]};
    std::optional<double> sh, sw;
    if (!scale.empty()) sh = scale[0], sw = scale[1];
    const ResizeAxis vertical = resize_axis(a.node, 0, x.size(2), out[0]),
                     horizontal = resize_axis(a.node, 1, x.size(3), out[1]);
    const bool corners = vertical.coordinates == Coordinates::align_corners,
               half = vertical.coordinates == Coordinates::half_pixel;
    const bool plain_rounding = vertical.rounding == Rounding::of_coordinates;
    if (mode == "nearest") {
      if (half && plain_rounding) return {torch::_upsample_nearest_exact2d(x, out, sh, sw)};
      if (vertical.coordinates == Coordinates::asymmetric && plain_rounding)
        return {torch::upsample_nearest2d(x, out, sh, sw)};
      return {x.index_select(2, resize_index(nearest_map(vertical), x))
                  .index_select(3, resize_index(nearest_map(horizontal), x))};
    }
    if (corners || half) {
      if (mode == "bilinear") return {torch::upsample_bilinear2d(x, out, corners, sh, sw)};
      if (vertical.cubic == -0.75f && !vertical.exclude_outside)
        return {torch::upsample_bicubic2d(x, out, corners, sh, sw)};
    }
    auto taps = mode == "bilinear" ? linear_taps : cubic_taps;
    return {torch::matmul(torch::matmul(resize_matrix(taps(vertical), x), x), resize_matrix(taps(horizontal), x).t())};
  });
}

}  // namespace frugal
