#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(where) {
  registry.add("where", [](const TorchArgs& a) { return std::vector{torch::where(a[0], a[1], a[2])}; });
}

}  // namespace frugal
