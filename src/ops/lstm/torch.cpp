#include "ops/recurrent_torch.h"

namespace frugal {

FRUGAL_TORCH(lstm) {
  registry.add("lstm", [](const TorchArgs& a) { return recurrent_torch(a, Cell::lstm); });
}

}  // namespace frugal
