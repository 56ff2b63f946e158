// Residual networks as parts: other families build their backbones from these.
#pragma once

#include <array>
#include <string>

#include "graph/builder.h"

namespace frugal {

// What carries a block's input over where its shape changes: a 1x1 convolution with batch norm, or
// (option A of the paper, section 4.2) every second pixel with zero channels added, half before, half after.
enum class Shortcut { projection, zero_pad };

struct ResNetOptions {
  std::array<int, 4> depths{2, 2, 2, 2};  // blocks of each stage; 0: no such stage
  int width = 64;                         // channels of the first stage, doubled at every further one
  bool bottleneck = false;                // 1x1, 3x3 (with the stride), 1x1 to four times the width
  Shortcut shortcut = Shortcut::projection;
  std::string projection = "downsample";  // module name of the projection: `downsample` (torchvision), `shortcut`
  bool adder = false;                     // adder convolutions everywhere but in the stem
  Attrs adder_rule{};                     // attributes of their gradients
  std::string prefix{};                   // before every name, "backbone." for example
};

// Stages `layer1`, `layer2`, ... on a stem's output; every block's output is named like its module.
ValueId resnet_stages(GraphBuilder& b, ValueId x, const ResNetOptions& options);

// conv1 7x7 stride 2, bn1, ReLU, max pooling 3x3 stride 2, and the stages.
ValueId resnet_backbone(GraphBuilder& b, ValueId x, const ResNetOptions& options);

}  // namespace frugal
