#include "ops/recurrent_torch.h"

namespace frugal {

FRUGAL_TORCH(rnn) {
  registry.add("rnn", [](const TorchArgs& a) { return recurrent_torch(a, Cell::rnn); });
}

}  // namespace frugal
