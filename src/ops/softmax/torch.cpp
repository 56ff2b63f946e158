#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(softmax) {
  registry.add("softmax",
               [](const TorchArgs& a) { return std::vector{torch::softmax(a[0], attr_int(a.node, "axis"))}; });
}

}  // namespace frugal
