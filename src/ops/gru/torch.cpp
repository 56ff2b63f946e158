#include "ops/recurrent_torch.h"

namespace frugal {

FRUGAL_TORCH(gru) {
  registry.add("gru", [](const TorchArgs& a) { return recurrent_torch(a, Cell::gru); });
}

}  // namespace frugal
