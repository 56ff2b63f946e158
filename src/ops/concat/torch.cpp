#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(concat) {
  registry.add("concat", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    return {torch::cat(std::vector<torch::Tensor>(a.in.begin(), a.in.end()), attr_int(a.node, "axis"))};
  });
}

}  // namespace frugal
