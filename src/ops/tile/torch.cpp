#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(tile) {
  registry.add("tile", [](const TorchArgs& a) { return std::vector{torch::tile(a[0], attr_ints(a.node, "repeats"))}; });
}

}  // namespace frugal
