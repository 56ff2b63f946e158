#include "formats/onnx/known_ops.h"

#include <algorithm>

namespace frugal::onnx_import {

std::size_t checked_count(const Shape& shape) {
  const std::int64_t count = element_count(shape);
  require(count <= static_cast<std::int64_t>(kMostKnown), "a constant of shape {} is too large to be worked out here",
          to_string(shape));
  return static_cast<std::size_t>(count);
}

Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  return strides;
}

Shape shape_from(const Known& known) {
  Shape out;
  for (const Element& e : known.elements) {
    if (e.symbolic()) throw DependsOnSize{e.whole.text()};
    out.push_back(e.is_real ? static_cast<std::int64_t>(e.real) : e.whole.value());
    require(out.back() >= 0, "a dim is {}", out.back());
  }
  require(out.size() <= kMaxRank, "a shape has {} dims", out.size());
  return out;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1, y = i < b.size() ? b[b.size() - 1 - i] : 1;
    require(x == y || x == 1 || y == 1, "shapes {} and {} do not broadcast together", to_string(a), to_string(b));
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

Known strided(const Known& x, const Shape& shape, const Shape& steps, std::int64_t offset) {
  Known out{x.dtype, shape, {}};
  const std::size_t count = checked_count(shape);
  out.elements.reserve(count);
  const Shape strides = strides_of(shape);
  for (std::size_t i = 0; i < count; ++i) {
    std::int64_t at = offset;
    for (std::size_t d = 0; d < shape.size(); ++d)
      at += static_cast<std::int64_t>(i) / strides[d] % shape[d] * steps[d];
    out.elements.push_back(x.elements.at(static_cast<std::size_t>(at)));
  }
  return out;
}

Known expand(const Known& x, const Shape& shape) {
  if (x.shape == shape) return x;
  Shape steps(shape.size(), 0);
  const Shape strides = strides_of(x.shape);
  require(x.shape.size() <= shape.size(), "shape {} does not broadcast to {}", to_string(x.shape), to_string(shape));
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    const std::size_t d = shape.size() - x.shape.size() + i;
    require(x.shape[i] == 1 || x.shape[i] == shape[d], "shape {} does not broadcast to {}", to_string(x.shape),
            to_string(shape));
    steps[d] = x.shape[i] == 1 ? 0 : strides[i];
  }
  return strided(x, shape, steps);
}

namespace {

using Knowns = std::vector<Known>;

Ints axes_of(ImportNode& n, std::size_t input) {
  return n.has(input) ? n.need_ints(input, "the axes") : n.ints("axes");
}

Knowns gather(ImportNode& n, const Knowns& in) {
  const Known &x = in.at(0), &indices = in.at(1);
  const auto axis = static_cast<std::size_t>(n.axis(n.integer("axis", 0), x.shape.size()));
  const auto middle = x.shape.begin() + static_cast<std::ptrdiff_t>(axis);
  std::int64_t before = element_count(Shape(x.shape.begin(), middle)),
               after = element_count(Shape(middle + 1, x.shape.end()));
  Known out{x.dtype, Shape(x.shape.begin(), middle), {}};
  out.shape.insert(out.shape.end(), indices.shape.begin(), indices.shape.end());
  out.shape.insert(out.shape.end(), middle + 1, x.shape.end());
  checked_count(out.shape);
  for (std::int64_t b = 0; b < before; ++b)
    for (const Element& index : indices.elements) {
      if (index.symbolic()) throw DependsOnSize{index.whole.text()};
      std::int64_t at = index.whole.value() < 0 ? index.whole.value() + *middle : index.whole.value();
      n.require(at >= 0 && at < *middle, "index {} is outside of {}", index.whole.value(), *middle);
      for (std::int64_t a = 0; a < after; ++a)
        out.elements.push_back(x.elements[static_cast<std::size_t>((b * *middle + at) * after + a)]);
    }
  return {out};
}

// Bounds that are themselves sizes, such as the length of the list, are not looked for in shapes.
Knowns slice(ImportNode& n, const Knowns& in) {
  const Known& x = in.at(0);
  const bool old = n.opset() < 10;
  Ints starts = old ? n.ints("starts") : n.need_ints(1, "the starts"),
       ends = old ? n.ints("ends") : n.need_ints(2, "the ends");
  Ints axes = axes_of(n, old ? SIZE_MAX : 3),
       steps = !old && n.has(4) ? n.need_ints(4, "the steps") : Ints(starts.size(), 1);
  if (axes.empty())
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  n.require(starts.size() == ends.size() && axes.size() == starts.size() && steps.size() == starts.size(),
            "starts, ends, axes and steps differ in length");
  Shape shape = x.shape, walk = strides_of(x.shape);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto d = static_cast<std::size_t>(n.axis(axes[i], x.shape.size()));
    const std::int64_t size = x.shape[d], step = steps[i];
    n.require(step != 0 && step > -(1 << 30) && step < (1 << 30), "a step is {}", step);
    auto place = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
      return std::clamp(at < 0 ? at + size : at, low, high);
    };
    const std::int64_t start = step > 0 ? place(starts[i], 0, size) : place(starts[i], 0, size - 1),
                       end = step > 0 ? place(ends[i], 0, size) : place(ends[i], -1, size - 1);
    shape[d] = std::max<std::int64_t>(0, step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step);
    if (shape[d] > 0) offset += start * walk[d];
    walk[d] *= step;
  }
  return {strided(x, shape, walk, offset)};
}

Knowns concat(ImportNode& n, const Knowns& in) {
  n.require(!in.empty(), "it has no input");
  const auto axis = static_cast<std::size_t>(n.axis(n.integer("axis", 0), in[0].shape.size()));
  Known out{in[0].dtype, in[0].shape, {}};
  out.shape[axis] = 0;
  const std::int64_t outer =
      element_count(Shape(in[0].shape.begin(), in[0].shape.begin() + static_cast<std::ptrdiff_t>(axis)));
  for (const Known& k : in) {
    n.require(k.shape.size() == out.shape.size(), "its inputs differ in rank");
    for (std::size_t d = 0; d < k.shape.size(); ++d)
      n.require(d == axis || k.shape[d] == out.shape[d], "its inputs differ in shape");
    out.shape[axis] += k.shape[axis];
  }
  checked_count(out.shape);
  for (std::int64_t o = 0; o < outer; ++o)
    for (const Known& k : in) {
      const std::size_t run = k.elements.size() / static_cast<std::size_t>(outer);
      for (std::size_t i = 0; i < run; ++i) out.elements.push_back(k.elements[static_cast<std::size_t>(o) * run + i]);
    }
  return {out};
}

Knowns reshape(ImportNode& n, const Knowns& in) {
  Ints wanted = n.opset() < 5 ? n.ints("shape") : n.need_ints(1, "the shape");
  Known out = in.at(0);
  Shape shape;
  std::int64_t product = 1;
  std::size_t open = SIZE_MAX;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::int64_t d = wanted[i];
    if (d == 0 && n.integer("allowzero", 0) == 0) d = i < out.shape.size() ? out.shape[i] : 1;
    if (d == -1) open = i;
    n.require(d >= -1, "a dim is {}", d);
    shape.push_back(d == -1 ? 1 : d);
    product = element_count(shape);
  }
  const auto count = static_cast<std::int64_t>(out.elements.size());
  if (open != SIZE_MAX) {
    n.require(product > 0 && count % product == 0, "{} elements do not fit {}", count, to_string(shape));
    shape[open] = count / product;
  }
  n.require(element_count(shape) == count && shape.size() <= kMaxRank, "{} elements do not fit {}", count,
            to_string(shape));
  out.shape = shape;
  return {out};
}

Knowns unsqueeze(ImportNode& n, const Knowns& in) {
  Known out = in.at(0);
  Ints axes = axes_of(n, 1);
  const std::size_t rank = out.shape.size() + axes.size();
  n.require(rank <= kMaxRank, "the result has {} dims", rank);
  for (std::int64_t& axis : axes) axis = n.axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  for (std::int64_t axis : axes) {
    n.require(axis <= static_cast<std::int64_t>(out.shape.size()), "its axes do not fit");
    out.shape.insert(out.shape.begin() + axis, 1);
  }
  return {out};
}

Knowns squeeze(ImportNode& n, const Knowns& in) {
  Known out = in.at(0);
  Ints axes = axes_of(n, 1);
  for (std::int64_t& axis : axes) axis = n.axis(axis, out.shape.size());
  Shape shape;
  for (std::size_t d = 0; d < out.shape.size(); ++d) {
    const bool named = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(d)) != axes.end();
    n.require(!named || out.shape[d] == 1, "axis {} has {} elements", d, out.shape[d]);
    if (!(named || (axes.empty() && out.shape[d] == 1))) shape.push_back(out.shape[d]);
  }
  out.shape = shape;
  return {out};
}

Knowns transpose(ImportNode& n, const Knowns& in) {
  const Known& x = in.at(0);
  Ints perm = n.ints("perm");
  if (perm.empty())
    for (std::size_t i = x.shape.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  n.require(perm.size() == x.shape.size(), "perm does not fit");
  Shape shape, steps, strides = strides_of(x.shape);
  for (std::int64_t axis : perm) {
    const auto d = static_cast<std::size_t>(n.axis(axis, x.shape.size()));
    shape.push_back(x.shape[d]);
    steps.push_back(strides[d]);
  }
  n.require(checked_count(shape) == x.elements.size(), "perm must name each axis once");
  return {strided(x, shape, steps)};
}

Knowns expand_node(ImportNode&, const Knowns& in) {
  return {expand(in.at(0), broadcast_shape(in[0].shape, shape_from(in.at(1))))};
}

Knowns tile(ImportNode& n, const Knowns& in) {
  Known out = in.at(0);
  Shape repeats = shape_from(in.at(1));
  n.require(repeats.size() == out.shape.size(), "it needs a number of repeats for each axis");
  for (std::size_t d = 0; d < repeats.size(); ++d) {
    Shape wide = out.shape, steps = strides_of(out.shape), shape = out.shape;
    wide.insert(wide.begin() + static_cast<std::ptrdiff_t>(d), repeats[d]);
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(d), 0);
    shape[d] *= repeats[d];
    require(wide.size() <= kMaxRank, "it has too many dims");
    out = strided(out, wide, steps);
    out.shape = shape;
  }
  return {out};
}

Knowns split(ImportNode& n, const Knowns& in) {
  const Known& x = in.at(0);
  const auto axis = static_cast<std::size_t>(n.axis(n.integer("axis", 0), x.shape.size()));
  Ints sizes = n.has(1) ? n.need_ints(1, "the sizes") : n.ints("split");
  const auto count = static_cast<std::int64_t>(n.output_count());
  if (sizes.empty()) {
    n.require(count > 0, "it has no output");
    const std::int64_t size = (x.shape[axis] + count - 1) / count;
    for (std::int64_t i = 0; i < count; ++i)
      sizes.push_back(std::clamp<std::int64_t>(x.shape[axis] - i * size, 0, size));
  }
  Knowns out;
  std::int64_t at = 0;
  for (std::int64_t size : sizes) {
    n.require(size >= 0 && at + size <= x.shape[axis], "the sizes do not fit");
    Shape shape = x.shape;
    shape[axis] = size;
    out.push_back(strided(x, shape, strides_of(x.shape), at * strides_of(x.shape)[axis]));
    at += size;
  }
  return out;
}

}  // namespace

void add_known_shapes(std::map<std::string, Evaluator, std::less<>>& t) {
  t["Gather"] = gather;
  t["Slice"] = slice;
  t["Concat"] = concat;
  t["Reshape"] = reshape;
  t["Flatten"] = [](ImportNode& n, const Knowns& in) -> Knowns {
    Known out = in.at(0);
    std::int64_t axis = n.integer("axis", 1), before = 1;
    if (axis != static_cast<std::int64_t>(out.shape.size())) axis = n.axis(axis, out.shape.size());
    for (std::int64_t d = 0; d < axis; ++d) before *= out.shape[static_cast<std::size_t>(d)];
    out.shape = {before, before ? static_cast<std::int64_t>(out.elements.size()) / before : 0};
    return {out};
  };
  t["Unsqueeze"] = unsqueeze;
  t["Squeeze"] = squeeze;
  t["Transpose"] = transpose;
  t["Expand"] = expand_node;
  t["Tile"] = tile;
  t["Split"] = split;
}

}  // namespace frugal::onnx_import
