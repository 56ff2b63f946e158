#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(silu) {
  registry.add("silu", [](const TorchArgs& a) { return std::vector{torch::silu(a[0])}; });
}

}  // namespace frugal
