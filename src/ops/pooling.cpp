#include "ops/pooling.h"

#include <algorithm>

namespace frugal {

std::vector<AttrSpec> pooling_attributes() {
  return {{"kernel", AttrType::integers, std::nullopt, "window height and width", 1, 65536, {}, 2},
          {"stride", AttrType::integers, std::nullopt, "step in height and width", 1, 65536, {}, 2},
          {"padding", AttrType::integers, Attr(Ints{0, 0, 0, 0}), "top, left, bottom, right", 0, 65536, {}, 4},
          {"dilation", AttrType::integers, Attr(Ints{1, 1}), "distance between elements of a window", 1, 65536, {}, 2},
          {"ceil_mode", AttrType::boolean, Attr(false), "round the output size up"}};
}

// PyTorch's rule for ceil_mode: a last window must start inside the input or its leading padding.
static Dim pooled(const OpContext& c, const Dim& in, std::size_t axis) {
  const std::int64_t stride = c.ints("stride")[axis], before = c.ints("padding")[axis];
  const bool ceil_mode = c.flag("ceil_mode");
  Dim out = window_output(c, in, c.ints("kernel")[axis], stride, c.ints("dilation")[axis],
                          before + c.ints("padding")[axis + 2], ceil_mode);
  if (ceil_mode && out.fixed() && in.fixed() && (out.value() - 1) * stride >= in.value() + before) return out - Dim(1);
  return out;
}

std::int64_t pooled_size(const Node& node, std::size_t axis, std::int64_t in) {
  return pooled(OpContext(node, {}), in, axis).value();
}

std::vector<ValueType> infer_pooling(const OpContext& c) {
  c.require_rank(0, 4);
  const SymShape& x = c.shape(0);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t window = c.ints("dilation")[i] * (c.ints("kernel")[i] - 1) + 1,
                       pad = std::max(c.ints("padding")[i], c.ints("padding")[i + 2]);
    c.require(pad < window, "padding {} is not less than the window of {}", pad, window);
  }
  return {{c.input(0).dtype, {x[0], x[1], pooled(c, x[2], 0), pooled(c, x[3], 1)}}};
}

}  // namespace frugal
