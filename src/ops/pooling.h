// What max_pool2d and avg_pool2d share.
#pragma once

#include "graph/shape_rules.h"

namespace frugal {

std::vector<AttrSpec> pooling_attributes();  // kernel, stride, padding (top, left, bottom, right), ceil_mode
std::vector<ValueType> infer_pooling(const OpContext& context);

// The output's size along axis 0 (height) or 1 (width) for a known input size.
std::int64_t pooled_size(const Node& node, std::size_t axis, std::int64_t in);

}  // namespace frugal
