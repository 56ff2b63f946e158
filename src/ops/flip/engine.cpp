#include <algorithm>

#include "graph/op.h"
#include "ops/layout.h"
#include "ops/rearrange.h"

namespace frugal {

FRUGAL_ENGINE(flip) {
  registry.add("flip", rearranging_op([](const NodeContext& c) {
                 const Shape& x = c.in(0).shape;
                 const auto rank = static_cast<std::int64_t>(x.size());
                 const Ints& axes = attr_ints(c.node, "axes");
                 Rearrangement r{x, dense_strides(x)};
                 for (std::int64_t i = 0; i < rank; ++i) {
                   const bool named = std::any_of(axes.begin(), axes.end(),
                                                  [&](std::int64_t axis) { return axis == i || axis + rank == i; });
                   std::int64_t& stride = r.stride[static_cast<std::size_t>(i)];
                   if (!axes.empty() && !named) continue;
                   r.offset += (x[static_cast<std::size_t>(i)] - 1) * stride;
                   stride = -stride;
                 }
                 return r;
               }));
}

}  // namespace frugal
