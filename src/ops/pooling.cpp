#include "ops/pooling.h"

namespace frugal {

std::vector<AttrSpec> pooling_attributes() {
  return {{"kernel", AttrType::integers, std::nullopt, "window height and width", 1, 65536, {}, 2},
          {"stride", AttrType::integers, std::nullopt, "step in height and width", 1, 65536, {}, 2},
          {"padding", AttrType::integers, Attr(Ints{0, 0, 0, 0}), "top, left, bottom, right", 0, 65536, {}, 4},
          {"ceil_mode", AttrType::boolean, Attr(false), "round the output size up"}};
}

// PyTorch's rule for ceil_mode: a last window must start inside the input or its leading padding.
static Dim pooled(const OpContext& c, const Dim& in, std::int64_t kernel, std::int64_t stride, std::int64_t before,
                  std::int64_t after, bool ceil_mode) {
  Dim out = window_output(c, in, kernel, stride, 1, before + after, ceil_mode);
  if (ceil_mode && out.fixed() && in.fixed() && (out.value() - 1) * stride >= in.value() + before) return out - Dim(1);
  return out;
}

std::int64_t pooled_size(const Node& node, std::size_t axis, std::int64_t in) {
  const Ints &kernel = attr_ints(node, "kernel"), &stride = attr_ints(node, "stride"),
             &pad = attr_ints(node, "padding");
  return pooled(OpContext(node, {}), in, kernel[axis], stride[axis], pad[axis], pad[axis + 2],
                attr_flag(node, "ceil_mode"))
      .value();
}

std::vector<ValueType> infer_pooling(const OpContext& c) {
  c.require_rank(0, 4);
  const SymShape& x = c.shape(0);
  const Ints &kernel = c.ints("kernel"), &stride = c.ints("stride"), &pad = c.ints("padding");
  for (int i = 0; i < 2; ++i)
    c.require(pad[i] <= kernel[i] / 2 && pad[i + 2] <= kernel[i] / 2, "padding {} is more than half of the window {}",
              std::max(pad[i], pad[i + 2]), kernel[i]);
  bool ceil_mode = c.flag("ceil_mode");
  return {{c.input(0).dtype,
           {x[0], x[1], pooled(c, x[2], kernel[0], stride[0], pad[0], pad[2], ceil_mode),
            pooled(c, x[3], kernel[1], stride[1], pad[1], pad[3], ceil_mode)}}};
}

}  // namespace frugal
