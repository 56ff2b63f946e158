#include "ops/layer_engine.h"

#include "graph/op.h"

namespace frugal {

Conv2dShape convolution_shape(const NodeContext& c) {
  const Shape &x = c.in(0).shape, &w = c.in(1).shape, &y = c.out().shape;
  const Ints &stride = attr_ints(c.node, "stride"), &pad = attr_ints(c.node, "padding"),
             &dilation = attr_ints(c.node, "dilation");
  Conv2dShape s;
  s.batch = x[0], s.in_c = x[1], s.in_h = x[2], s.in_w = x[3];
  s.out_c = y[1], s.out_h = y[2], s.out_w = y[3];
  const bool packed = c.node.attrs.contains("kernel");
  s.kernel_h = packed ? attr_ints(c.node, "kernel")[0] : w[2],
  s.kernel_w = packed ? attr_ints(c.node, "kernel")[1] : w[3];
  s.stride_h = stride[0], s.stride_w = stride[1];
  s.pad_top = pad[0], s.pad_left = pad[1], s.dilation_h = dilation[0], s.dilation_w = dilation[1];
  if (c.node.attrs.contains("groups")) s.groups = attr_int(c.node, "groups");
  return s;
}

Conv2dShape rows_shape(std::int64_t m, std::int64_t in, std::int64_t out) {
  Conv2dShape s;
  s.in_c = in, s.out_c = out, s.in_w = s.out_w = m;
  return s;
}

}  // namespace frugal
