#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(split) {
  registry.add("split", [](const TorchArgs& a) {
    return torch::split_with_sizes(a[0], attr_ints(a.node, "sizes"), attr_int(a.node, "axis"));
  });
}

}  // namespace frugal
