// Unequal padding in LibTorch, which pads both ends of an axis alike.
#pragma once

#include "train/torch_op.h"

namespace frugal {

struct PaddedTorch {
  torch::Tensor x;
  std::vector<std::int64_t> padding;  // still to be added by LibTorch: vertical, horizontal
};

// `padding`: top, left, bottom, right. Where the ends differ, zeros are added here and nothing is left to do.
inline PaddedTorch padded_torch(const torch::Tensor& x, const Ints& padding) {
  if (padding[0] == padding[2] && padding[1] == padding[3]) return {x, {padding[0], padding[1]}};
  return {torch::constant_pad_nd(x, {padding[1], padding[3], padding[0], padding[2]}), {0, 0}};
}

}  // namespace frugal
