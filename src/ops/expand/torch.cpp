#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(expand) {
  registry.add("expand", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    std::vector<std::int64_t> shape = attr_ints(a.node, "shape");
    return {torch::broadcast_tensors({a[0], torch::empty(shape, a[0].options())})[0].clone()};
  });
}

}  // namespace frugal
