// An array seen from one of its axes: [outer, size, inner].
#pragma once

#include "base/check.h"
#include "frugal/tensor.h"

namespace frugal {

struct AxisView {
  std::int64_t outer = 1, size = 1, inner = 1;
};

// `axis` may be negative.
inline AxisView axis_view(const Shape& shape, std::int64_t axis) {
  auto rank = static_cast<std::int64_t>(shape.size());
  if (axis < 0) axis += rank;
  FRUGAL_ASSERT(axis >= 0 && axis < rank);
  AxisView view;
  for (std::int64_t i = 0; i < rank; ++i) {
    std::int64_t d = shape[static_cast<std::size_t>(i)];
    (i < axis ? view.outer : i == axis ? view.size : view.inner) *= d;
  }
  return view;
}

}  // namespace frugal
