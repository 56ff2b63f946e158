#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(log_softmax) {
  registry.add("log_softmax",
               [](const TorchArgs& a) { return std::vector{torch::log_softmax(a[0], attr_int(a.node, "axis"))}; });
}

}  // namespace frugal
