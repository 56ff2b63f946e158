#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(reshape) {
  registry.add("reshape", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    std::vector<std::int64_t> shape = attr_ints(a.node, "shape");
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == 0) shape[i] = a[0].size(static_cast<std::int64_t>(i));
    return {a[0].reshape(shape)};
  });
}

}  // namespace frugal
