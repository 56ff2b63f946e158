#include "graph/shape_rules.h"

#include <algorithm>

namespace frugal {

bool may_be_equal(const Dim& a, const Dim& b) { return a == b || !(a - b).fixed(); }

SymShape broadcast(const OpContext& context, const SymShape& a, const SymShape& b) {
  SymShape out(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Dim x = i < a.size() ? a[a.size() - 1 - i] : Dim(1);
    Dim y = i < b.size() ? b[b.size() - 1 - i] : Dim(1);
    if (!may_be_equal(x, y) && !(x == Dim(1)) && !(y == Dim(1)))
      context.refuse(fmt::format("shapes [{}] and [{}] do not broadcast together", to_string(a), to_string(b)));
    // Of two sizes that may prove equal the one that says more is kept.
    const bool second =
        x == Dim(1) || (!x.fixed() && !(y == Dim(1)) && (y.fixed() || y.text().size() < x.text().size()));
    out[out.size() - 1 - i] = second ? y : x;
  }
  return out;
}

Dim window_output(const OpContext& context, const Dim& in, std::int64_t kernel, std::int64_t stride,
                  std::int64_t dilation, std::int64_t pad_total, bool ceil_mode) {
  Dim room = in + Dim(pad_total - dilation * (kernel - 1) - 1);
  context.require(!room.fixed() || room.value() >= 0,
                  "a window of {} (dilation {}) is larger than the padded input of {}", kernel, dilation,
                  (in + Dim(pad_total)).text());
  return floor_div(ceil_mode ? room + Dim(stride - 1) : room, stride) + Dim(1);
}

std::size_t normalize_axis(const OpContext& context, std::int64_t axis, std::size_t rank) {
  auto n = static_cast<std::int64_t>(rank);
  context.require(axis >= -n && axis < n, "axis {} is outside the {} dims of the input", axis, rank);
  return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

std::vector<ValueType> infer_same(const OpContext& context) { return {context.input(0)}; }

std::vector<ValueType> infer_broadcast(const OpContext& context) {
  context.require(context.input(0).dtype == context.input(1).dtype, "the inputs have different types, {} and {}",
                  name(context.input(0).dtype), name(context.input(1).dtype));
  return {{context.input(0).dtype, broadcast(context, context.shape(0), context.shape(1))}};
}

std::vector<bool> named_axes(const OpContext& context, std::size_t rank) {
  std::vector<bool> named(rank, context.ints("axes").empty());
  for (std::int64_t axis : context.ints("axes")) {
    const std::size_t at = normalize_axis(context, axis, rank);
    context.require(!named[at], "axis {} is named twice", axis);
    named[at] = true;
  }
  return named;
}

SymShape reduced_shape(const SymShape& shape, const std::vector<bool>& reduced, bool keep_dims) {
  SymShape out;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (!reduced[i])
      out.push_back(shape[i]);
    else if (keep_dims)
      out.push_back(1);
  return out;
}

}  // namespace frugal
