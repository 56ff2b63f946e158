// The axes of a reduction for LibTorch, whose functions take an empty list for all but not for none.
#pragma once

#include "train/torch_op.h"

namespace frugal {

struct TorchReduction {
  torch::Tensor x;  // of at least one dim
  std::vector<std::int64_t> axes;
  bool keep;
  std::int64_t count = 1;  // elements reduced to one

  explicit TorchReduction(const TorchArgs& a) : x(a[0]), keep(attr_flag(a.node, "keep_dims")) {
    axes = attr_ints(a.node, "axes");
    if (x.dim() == 0) {  // a single number: its only axis goes
      x = x.reshape({1});
      keep = false;
      axes = {0};
    }
    if (axes.empty())
      for (std::int64_t i = 0; i < x.dim(); ++i) axes.push_back(i);
    for (std::int64_t axis : axes) count *= x.size(axis);
  }
};

}  // namespace frugal
