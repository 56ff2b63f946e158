#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(trilu) {
  registry.add("trilu", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t k = attr_int(a.node, "k");
    return {attr_flag(a.node, "upper") ? torch::triu(a[0], k) : torch::tril(a[0], k)};
  });
}

}  // namespace frugal
