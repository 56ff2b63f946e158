// What a batch norm does at inference: a factor and a summand for each channel, in double precision.
#pragma once

#include <optional>
#include <vector>

#include "graph/rewrite.h"

namespace frugal {

struct ChannelAffine {
  std::vector<double> scale, shift;  // of each channel
};

// Are all of these (kNone aside) weights with data in fp32?
bool have_floats(const Rewriter& r, const std::vector<ValueId>& weights);

// scale = gamma / sqrt(var + eps), shift = beta - mean * scale; nothing where a tensor is no fp32.
std::optional<ChannelAffine> batch_norm_affine(const Rewriter& r, const Node& norm);

}  // namespace frugal
