#include "ops/definitions.h"

namespace frugal {

FRUGAL_OP(instance_norm) {
  return channel_norm_definition("instance_norm",
                                 "(x - mean) / sqrt(var + eps) over each channel of each image of [N,C,...] (arXiv "
                                 "1607.08022), then scale and bias of each channel");
}

}  // namespace frugal
