#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(dropout) {
  registry.add("dropout", [](const TorchArgs& a) {
    return std::vector{torch::dropout(a[0], attr_real(a.node, "rate"), a.training)};
  });
}

}  // namespace frugal
