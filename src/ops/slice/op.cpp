#include <algorithm>

#include "graph/shape_rules.h"

namespace frugal {
namespace {

constexpr std::int64_t kToTheEnd = std::int64_t{1} << 31;

// A symbolic size is taken to be large enough for the bounds; where it turns out smaller, the bounds are
// clamped like those of a known size when the graph is compiled.
Dim bound(const Dim& size, const Dim& place) {
  if (!place.fixed()) return place;
  const std::int64_t at = place.value();
  if (size.fixed()) return std::clamp<std::int64_t>(at < 0 ? at + size.value() : at, 0, size.value());
  if (at >= kToTheEnd) return size;
  return at < 0 ? size + Dim(at) : Dim(at);
}

std::vector<ValueType> infer(const OpContext& c) {
  ValueType out = c.input(0);
  const SymShape starts = c.dims("starts"), ends = c.dims("ends");
  const Ints &axes = c.ints("axes"), &steps = c.ints("steps");
  c.require(starts.size() == ends.size() && (axes.empty() || axes.size() == starts.size()) &&
                (steps.empty() || steps.size() == starts.size()),
            "starts, ends, axes and steps must have equal lengths, not {}, {}, {} and {}", starts.size(), ends.size(),
            axes.size(), steps.size());
  std::vector<bool> seen(out.shape.size());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::size_t axis = normalize_axis(c, axes.empty() ? static_cast<std::int64_t>(i) : axes[i], out.shape.size());
    c.require(!seen[axis], "axis {} is named twice", axis);
    seen[axis] = true;
    Dim& size = out.shape[axis];
    std::int64_t step = steps.empty() ? 1 : steps[i];
    Dim n = floor_div(bound(size, ends[i]) - bound(size, starts[i]) + Dim(step - 1), step);
    size = n.fixed() && n.value() < 0 ? Dim(0) : n;
  }
  return {out};
}

}  // namespace

FRUGAL_OP(slice) {
  return {.name = "slice",
          .doc =
              "The elements start, start + step, ... before end along each named axis. Negative bounds count from "
              "the end, bounds outside are moved to the border.",
          .inputs = {{.name = "x", .type = InputType::any}},
          .attrs = {{"starts", AttrType::dims, std::nullopt, "first element along each axis"},
                    {"ends", AttrType::dims, std::nullopt, "one beyond the last; 2147483648 and more: to the end"},
                    {"axes", AttrType::integers, Attr(Ints{}), "the axes meant; empty: 0, 1, ..."},
                    {"steps", AttrType::integers, Attr(Ints{}), "distance between elements; empty: 1", 1, 1 << 30}},
          .infer = infer};
}

}  // namespace frugal
