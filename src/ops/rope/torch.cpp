#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(rope) {
  registry.add("rope", [](const TorchArgs& a) {
    const std::int64_t rows = a[0].size(0), depth = attr_int(a.node, "head_depth"), dims = a[1].size(1);
    torch::Tensor x = a[0].view({rows, a[0].size(1) / depth, depth}), cosine = a[1].slice(1, 0, dims / 2).unsqueeze(1),
                  sine = a[1].slice(1, dims / 2).unsqueeze(1), rest = x.slice(2, dims);
    const bool interleaved = attr_flag(a.node, "interleaved");
    torch::Tensor first = interleaved ? x.slice(2, 0, dims, 2) : x.slice(2, 0, dims / 2);
    torch::Tensor second = interleaved ? x.slice(2, 1, dims, 2) : x.slice(2, dims / 2, dims);
    torch::Tensor one = first * cosine - second * sine, two = first * sine + second * cosine;
    torch::Tensor turned = interleaved ? torch::stack({one, two}, 3).flatten(2) : torch::cat({one, two}, 2);
    return std::vector{torch::cat({turned, rest}, 2).view(a[0].sizes())};
  });
}

}  // namespace frugal
