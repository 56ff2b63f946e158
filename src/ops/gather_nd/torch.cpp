#include "ops/nd_torch.h"

namespace frugal {

FRUGAL_TORCH(gather_nd) {
  registry.add("gather_nd", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::int64_t batch = attr_int(a.node, "batch_dims"), depth = a[1].size(-1);
    std::vector<std::int64_t> shape = a[1].sizes().vec();
    shape.pop_back();
    shape.insert(shape.end(), a[0].sizes().begin() + batch + depth, a[0].sizes().end());
    return {nd_slices_of(a[0], batch + depth).index_select(0, nd_rows(a[0], a[1], batch)).reshape(shape)};
  });
}

}  // namespace frugal
