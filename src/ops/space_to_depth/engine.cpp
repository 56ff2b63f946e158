#include "graph/op.h"
#include "ops/layout.h"
#include "ops/rearrange.h"

namespace frugal {

FRUGAL_ENGINE(space_to_depth) {
  registry.add("space_to_depth", rearranging_op([](const NodeContext& c) {
                 const Shape &x = c.in(0).shape, &y = c.out().shape;
                 const std::int64_t b = attr_int(c.node, "block");
                 const Shape in = dense_strides({x[0], x[1], y[2], b, y[3], b});
                 return Rearrangement{{x[0], b, b, x[1], y[2], y[3]}, {in[0], in[3], in[5], in[1], in[2], in[4]}};
               }));
}

}  // namespace frugal
