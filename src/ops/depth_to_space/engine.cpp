#include "graph/op.h"
#include "ops/layout.h"
#include "ops/rearrange.h"

namespace frugal {

FRUGAL_ENGINE(depth_to_space) {
  registry.add("depth_to_space", rearranging_op([](const NodeContext& c) {
                 const Shape& y = c.out().shape;
                 const std::int64_t b = attr_int(c.node, "block"), height = y[2] / b, width = y[3] / b;
                 const Shape size{y[0], y[1], height, b, width, b};  // n, c, h, i, w, j
                 if (attr_text(c.node, "mode") == "DCR") {
                   const Shape in = dense_strides({y[0], b, b, y[1], height, width});
                   return Rearrangement{size, {in[0], in[3], in[4], in[1], in[5], in[2]}};
                 }
                 const Shape in = dense_strides({y[0], y[1], b, b, height, width});
                 return Rearrangement{size, {in[0], in[1], in[4], in[2], in[5], in[3]}};
               }));
}

}  // namespace frugal
