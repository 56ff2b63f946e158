#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(hard_swish) {
  registry.add("hard_swish", [](const TorchArgs& a) { return std::vector{torch::hardswish(a[0])}; });
}

}  // namespace frugal
