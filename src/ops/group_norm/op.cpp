#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(group_norm) {
  return channel_norm_definition("group_norm",
                                 "(x - mean) / sqrt(var + eps) over each of `groups` groups of channels of [N,C,...] "
                                 "(arXiv 1803.08494), then scale and bias of each channel",
                                 {{"groups", AttrType::integer, std::nullopt, "of channels", 1, 1 << 24}});
}

}  // namespace frugal
