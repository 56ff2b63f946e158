#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(argmax) {
  registry.add("argmax", [](const TorchArgs& a) {
    return std::vector{torch::argmax(a[0], attr_int(a.node, "axis"), attr_flag(a.node, "keep_dims"))};
  });
}

}  // namespace frugal
