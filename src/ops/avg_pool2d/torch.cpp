#include "ops/pooling.h"
#include "train/torch_op.h"

namespace frugal {
namespace {

// The sum of each window, brought to the size that the graph says: LibTorch takes the same padding on
// both sides, and with padding of our own its rule for ceil_mode sees a larger picture.
torch::Tensor avg_window_sums(const torch::Tensor& padded, const TorchArgs& a, std::int64_t height,
                              std::int64_t width) {
  torch::Tensor sums = torch::avg_pool2d(padded, attr_ints(a.node, "kernel"), attr_ints(a.node, "stride"), 0,
                                         attr_flag(a.node, "ceil_mode"), true, 1);
  return sums.narrow(2, 0, height).narrow(3, 0, width);
}

}  // namespace

FRUGAL_TORCH(avg_pool2d) {
  registry.add("avg_pool2d", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const Ints &pad = attr_ints(a.node, "padding"), &kernel = attr_ints(a.node, "kernel"),
               &stride = attr_ints(a.node, "stride");
    const bool ceil_mode = attr_flag(a.node, "ceil_mode"), include = attr_flag(a.node, "count_include_pad");
    if (pad[0] == pad[2] && pad[1] == pad[3])
      return {torch::avg_pool2d(a[0], kernel, stride, {pad[0], pad[1]}, ceil_mode, include)};
    const std::vector<std::int64_t> around{pad[1], pad[3], pad[0], pad[2]};
    const std::int64_t height = pooled_size(a.node, 0, a[0].size(2)), width = pooled_size(a.node, 1, a[0].size(3));
    torch::Tensor ones = torch::ones({1, 1, a[0].size(2), a[0].size(3)}, a[0].options());
    torch::Tensor counts = avg_window_sums(torch::constant_pad_nd(ones, around, include ? 1 : 0), a, height, width);
    return {avg_window_sums(torch::constant_pad_nd(a[0], around), a, height, width) / counts};
  });
}

}  // namespace frugal
