// What the forms of resize share.
#pragma once

#include "frugal/graph.h"
#include "kernels/resample.h"

namespace frugal {

// Axis 0 (height) or 1 (width) of a resize node.
ResizeAxis resize_axis(const Node& node, std::size_t axis, std::int64_t in, std::int64_t out);

// Output size: floor(in * scale).
std::int64_t scaled_size(std::int64_t in, double scale);

}  // namespace frugal
