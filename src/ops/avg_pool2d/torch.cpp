#include "ops/pooling.h"
#include "train/torch_op.h"

namespace frugal {
namespace {

// The sum of each window as a convolution with ones, of the size that the graph says: LibTorch's pooling takes the
// same padding on both sides and no dilation.
torch::Tensor avg_window_sums(torch::Tensor padded, const TorchArgs& a, std::int64_t height, std::int64_t width) {
  const Ints &kernel = attr_ints(a.node, "kernel"), &stride = attr_ints(a.node, "stride"),
             &dilation = attr_ints(a.node, "dilation");
  auto more = [&](std::size_t i, std::int64_t out) {  // what the last window of ceil_mode lacks
    return std::max<std::int64_t>(
        (out - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - padded.size(static_cast<std::int64_t>(i) + 2), 0);
  };
  padded = torch::constant_pad_nd(padded, {0, more(1, width), 0, more(0, height)});
  const std::int64_t n = padded.size(0), c = padded.size(1);
  const torch::Tensor ones = torch::ones({1, 1, kernel[0], kernel[1]}, padded.options());
  const torch::Tensor sums = torch::conv2d(padded.reshape({n * c, 1, padded.size(2), padded.size(3)}), ones,
                                           torch::Tensor(), stride, std::vector<std::int64_t>{0, 0}, dilation);
  return sums.narrow(2, 0, height).narrow(3, 0, width).reshape({n, c, height, width});
}

}  // namespace

FRUGAL_TORCH(avg_pool2d) {
  registry.add("avg_pool2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints &pad = attr_ints(a.node, "padding"), &kernel = attr_ints(a.node, "kernel"),
               &stride = attr_ints(a.node, "stride");
    const bool ceil_mode = attr_flag(a.node, "ceil_mode"), include = attr_flag(a.node, "count_include_pad");
    if (pad[0] == pad[2] && pad[1] == pad[3] && pad[0] <= kernel[0] / 2 && pad[1] <= kernel[1] / 2 &&
        attr_ints(a.node, "dilation") == Ints{1, 1})
      return {torch::avg_pool2d(a[0], kernel, stride, {pad[0], pad[1]}, ceil_mode, include)};
    const std::vector<std::int64_t> around{pad[1], pad[3], pad[0], pad[2]};
    const std::int64_t height = pooled_size(a.node, 0, a[0].size(2)), width = pooled_size(a.node, 1, a[0].size(3));
    torch::Tensor ones = torch::ones({1, 1, a[0].size(2), a[0].size(3)}, a[0].options());
    torch::Tensor counts = avg_window_sums(torch::constant_pad_nd(ones, around, include ? 1 : 0), a, height, width);
    return {avg_window_sums(torch::constant_pad_nd(a[0], around), a, height, width) / counts.clamp_min(1)};
  });
}

}  // namespace frugal
