#include "train/torch_op.h"

namespace frugal {

FRUGAL_TORCH(grid_sample) {
  registry.add("grid_sample", [](const TorchArgs& a) -> std::vector<torch::Tensor> {
    const std::string &mode = attr_text(a.node, "mode"), &padding = attr_text(a.node, "padding_mode");
    return {torch::grid_sampler(a[0], a[1],
                                mode == "bilinear"  ? 0
                                : mode == "nearest" ? 1
                                                    : 2,
                                padding == "zeros"    ? 0
                                : padding == "border" ? 1
                                                      : 2,
                                attr_flag(a.node, "align_corners"))};
  });
}

}  // namespace frugal
