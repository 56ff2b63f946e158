// What max_pool2d and avg_pool2d share.
#pragma once

#include "graph/shape_rules.h"

namespace frugal {

std::vector<AttrSpec> pooling_attributes();   // kernel, stride, padding (top, left, bottom, right), ceil_mode
std::vector<ValueType> infer_pooling(const OpContext& context);

}  // namespace frugal
