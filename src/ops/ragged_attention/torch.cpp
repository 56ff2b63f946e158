#include <limits>

#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(ragged_attention) {
  registry.add("ragged_attention", [](const TorchArgs& a) {
    const std::int64_t rows = a[0].size(0), heads = attr_int(a.node, "heads"), kv_heads = attr_int(a.node, "kv_heads");
    auto by_head = [&](const torch::Tensor& x, std::int64_t n) {  // [heads, T, depth], heads of keys repeated
      return x.view({rows, n, x.size(1) / n}).transpose(0, 1).repeat_interleave(heads / n, 0);
    };
    torch::Tensor q = by_head(a[0], heads), k = by_head(a[1], kv_heads), v = by_head(a[2], kv_heads);
    torch::Tensor scores = torch::matmul(q * attr_real(a.node, "scale"), k.transpose(1, 2));
    if (const double cap = attr_real(a.node, "soft_cap"); cap > 0) scores = cap * torch::tanh(scores / cap);
    torch::Tensor distance = a[4].unsqueeze(1) - a[4].unsqueeze(0);
    torch::Tensor sees = (a[3].unsqueeze(1) == a[3].unsqueeze(0)) & (distance >= 0);
    if (const std::int64_t window = attr_int(a.node, "window"); window > 0) sees = sees & (distance < window);
    scores = scores.masked_fill(~sees, -std::numeric_limits<float>::infinity());
    return std::vector{
        torch::matmul(torch::softmax(scores, -1), v).transpose(0, 1).reshape({rows, a[2].size(1) / kv_heads * heads})};
  });
}

}  // namespace frugal
