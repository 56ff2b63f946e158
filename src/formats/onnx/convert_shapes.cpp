// Views, copies and cuts.
#include <algorithm>
#include <numeric>

#include "formats/onnx/importer.h"
#include "formats/onnx/tensor.h"

namespace frugal::onnx_import {
namespace {

constexpr std::int64_t kToTheEnd = std::int64_t{1} << 31;
constexpr std::int64_t kNoSize = 1'000'000'000;

// Our reshape takes a written 0 for "copy"; one dim of no elements is what -1 is left with.
SymShape written(SymShape shape) {
  for (Dim& d : shape)
    if (d == Dim(0)) d = -1;
  return shape;
}

void reshaped(ImportNode& n, SymShape shape) {
  if (n.shape(0) == shape) return n.out(0, n.in(0));
  n.result("reshape", {n.in(0)}, {{"shape", Attr(written(std::move(shape)))}});
}

void reshape(ImportNode& n) {
  SymShape shape;
  if (n.opset() < 5)
    for (std::int64_t d : n.ints("shape")) shape.emplace_back(d);
  else
    shape = n.need_dims(1, "the shape");
  if (n.integer("allowzero", 0) != 0) shape = written(shape);
  n.result("reshape", {n.in(0)}, {{"shape", Attr(shape)}});
}

void flatten(ImportNode& n) {
  SymShape x = n.shape(0);
  std::int64_t axis = n.integer("axis", 1);
  if (axis != static_cast<std::int64_t>(x.size())) axis = n.axis(axis, x.size());
  reshaped(n, {product(SymShape(x.begin(), x.begin() + axis)), product(SymShape(x.begin() + axis, x.end()))});
}

Ints axes_of(ImportNode& n, std::size_t input, std::size_t rank) {
  Ints axes = n.has(input) ? n.need_ints(input, "the axes") : n.ints("axes");
  for (std::int64_t& axis : axes) axis = n.axis(axis, rank);
  return axes;
}

void squeeze(ImportNode& n) {
  const SymShape x = n.shape(0);
  const Ints axes = axes_of(n, 1, x.size());
  SymShape shape;
  for (std::size_t d = 0; d < x.size(); ++d) {
    const bool named = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(d)) != axes.end();
    n.require(!named || !x[d].fixed() || x[d] == Dim(1), "axis {} has {} elements", d, x[d].text());
    if (!(named || (axes.empty() && x[d] == Dim(1)))) shape.push_back(x[d]);
  }
  reshaped(n, shape);
}

void unsqueeze(ImportNode& n) {
  SymShape shape = n.shape(0);
  const std::size_t more = n.has(1) ? n.need_ints(1, "the axes").size() : n.ints("axes").size();
  n.require(shape.size() + more <= kMaxRank, "the result has {} dims", shape.size() + more);
  Ints axes = axes_of(n, 1, shape.size() + more);
  std::sort(axes.begin(), axes.end());
  for (std::int64_t axis : axes) {
    n.require(axis <= static_cast<std::int64_t>(shape.size()), "its axes do not fit");
    shape.insert(shape.begin() + axis, 1);
  }
  reshaped(n, shape);
}

void transpose(ImportNode& n) {
  Ints perm = n.ints("perm");
  if (perm.empty()) {
    perm.resize(n.rank(0));
    std::iota(perm.rbegin(), perm.rend(), 0);
  }
  n.result("transpose", {n.in(0)}, {{"perm", perm}});
}

void concat(ImportNode& n) {
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < n.input_count(); ++i) {
    // An empty list joins lists of any shape in some exports.
    if (n.shape(i) == SymShape{0} && n.input_count() > 1) continue;
    inputs.push_back(n.in(i));
  }
  if (inputs.empty()) inputs.push_back(n.in(0));
  if (inputs.size() == 1) return n.out(0, inputs[0]);
  n.result("concat", inputs, {{"axis", n.integer("axis", 1)}});
}

void split(ImportNode& n) {
  const SymShape x = n.shape(0);
  const std::int64_t axis = n.axis(n.integer("axis", 0), x.size());
  const Dim& size = x[static_cast<std::size_t>(axis)];
  Ints sizes = n.has(1) ? n.need_ints(1, "the sizes") : n.ints("split");
  const auto count = static_cast<std::int64_t>(n.output_count());
  n.require(count > 0, "it has no output");
  if (sizes.empty()) {
    if (!size.fixed()) throw DependsOnSize{size.text()};
    const std::int64_t part = (size.value() + count - 1) / count;
    for (std::int64_t i = 0; i < count; ++i)
      sizes.push_back(std::clamp<std::int64_t>(size.value() - i * part, 0, part));
  }
  std::vector<ValueId> parts = n.ops("split", {n.in(0)}, {{"sizes", sizes}, {"axis", axis}});
  for (std::size_t i = 0; i < parts.size(); ++i) n.out(i, parts[i]);
}

struct Cuts {
  SymShape starts, ends;
  Ints axes, steps, flipped;
};

// Walking backwards over an axis of n elements is walking forwards over the flipped one: i -> n - 1 - i.
void turn_round(ImportNode& n, Cuts& cuts, std::size_t i, const Dim& size) {
  cuts.flipped.push_back(cuts.axes[i]);
  cuts.steps[i] = -cuts.steps[i];
  if (!size.fixed()) {
    const bool all = cuts.starts[i].fixed() && cuts.ends[i].fixed() &&
                     (cuts.starts[i].value() == -1 || cuts.starts[i].value() >= kToTheEnd) &&
                     cuts.ends[i].value() <= -kToTheEnd;
    if (!all) throw DependsOnSize{size.text()};
    cuts.starts[i] = 0;
    cuts.ends[i] = kToTheEnd;
    return;
  }
  const std::int64_t count = size.value();
  auto place = [&](const Dim& at) {
    n.require(at.fixed(), "a bound of a backward slice depends on '{}'", at.text());
    const std::int64_t v = at.value();
    return std::clamp<std::int64_t>(v < 0 ? v + count : v, -1, count - 1);
  };
  cuts.starts[i] = count - 1 - std::max<std::int64_t>(0, place(cuts.starts[i]));
  cuts.ends[i] = count - 1 - place(cuts.ends[i]);
}

void slice(ImportNode& n) {
  const SymShape x = n.shape(0);
  Cuts cuts;
  if (n.opset() < 10) {
    for (std::int64_t v : n.ints("starts")) cuts.starts.emplace_back(v);
    for (std::int64_t v : n.ints("ends")) cuts.ends.emplace_back(v);
  } else {
    cuts.starts = n.need_dims(1, "the starts");
    cuts.ends = n.need_dims(2, "the ends");
  }
  cuts.axes = axes_of(n, n.opset() < 10 ? SIZE_MAX : 3, x.size());
  if (cuts.axes.empty()) {
    n.require(cuts.starts.size() <= x.size(), "it has {} bounds for {} dims", cuts.starts.size(), x.size());
    cuts.axes.resize(cuts.starts.size());
    std::iota(cuts.axes.begin(), cuts.axes.end(), 0);
  }
  cuts.steps = n.opset() >= 10 && n.has(4) ? n.need_ints(4, "the steps") : Ints(cuts.starts.size(), 1);
  n.require(cuts.ends.size() == cuts.starts.size() && cuts.axes.size() == cuts.starts.size() &&
                cuts.steps.size() == cuts.starts.size(),
            "starts, ends, axes and steps differ in length");
  for (std::size_t i = 0; i < cuts.axes.size(); ++i) {
    n.require(cuts.steps[i] != 0, "a step is 0");
    if (cuts.steps[i] < 0) turn_round(n, cuts, i, x[static_cast<std::size_t>(cuts.axes[i])]);
    for (Dim* at : {&cuts.starts[i], &cuts.ends[i]})
      if (at->fixed() && at->value() <= -kToTheEnd) *at = 0;
    // No axis has as many elements: a size that is left open need not be compared with it.
    if (cuts.ends[i].fixed() && cuts.ends[i].value() >= kNoSize) cuts.ends[i] = kToTheEnd;
    cuts.steps[i] = std::min<std::int64_t>(cuts.steps[i], 1 << 30);
  }
  ValueId from = n.in(0);
  if (!cuts.flipped.empty()) from = n.op("flip", {from}, {{"axes", cuts.flipped}});
  n.result("slice", {from},
           {{"starts", Attr(cuts.starts)}, {"ends", Attr(cuts.ends)}, {"axes", cuts.axes}, {"steps", cuts.steps}});
}

void expand(ImportNode& n) { n.result("expand", {n.in(0)}, {{"shape", Attr(n.need_dims(1, "the shape"))}}); }

void tile(ImportNode& n) { n.result("tile", {n.in(0)}, {{"repeats", Attr(n.need_dims(1, "the repeats"))}}); }

void pad(ImportNode& n) {
  const bool old = n.opset() < 11;
  Ints pads = old ? n.ints("pads") : n.need_ints(1, "the pads");
  double value = old ? n.real("value", 0) : n.has(2) ? n.need_real(2, "the value") : 0;
  const std::size_t rank = n.rank(0);
  if (n.has(3)) {
    const Ints axes = axes_of(n, 3, rank);
    n.require(pads.size() == 2 * axes.size(), "it has {} pads for {} axes", pads.size(), axes.size());
    Ints all(2 * rank, 0);
    for (std::size_t i = 0; i < axes.size(); ++i) {
      all[static_cast<std::size_t>(axes[i])] = pads[i];
      all[static_cast<std::size_t>(axes[i]) + rank] = pads[i + axes.size()];
    }
    pads = all;
  }
  constexpr double kLargest = 3.4028234663852886e38;
  n.result("pad", {n.in(0)},
           {{"pads", pads}, {"mode", n.text("mode", "constant")}, {"value", std::clamp(value, -kLargest, kLargest)}});
}

void depth_to_space(ImportNode& n) {
  n.result("depth_to_space", {n.in(0)}, {{"block", n.integer("blocksize", 0)}, {"mode", n.text("mode", "DCR")}});
}

void constant_of_shape(ImportNode& n) {
  Known value{DType::f32, {}, {Element::number(0)}};
  if (const auto* a = n.find("value")) value = known_from(n.importer().tensor(a->t()));
  value.shape.clear();
  n.result("expand", {n.constant(tensor_from(value))}, {{"shape", Attr(n.need_dims(0, "the shape"))}});
}

// start + step * (0, 1, 2, ...), with as many elements as a size says.
void range(ImportNode& n) {
  const DType dtype = n.type(0).dtype;
  n.require(n.type(0).shape.empty() && n.known(0) && n.known(1) && n.known(2), "its bounds are computed from data");
  const Element first = n.known(0)->elements.at(0), end = n.known(1)->elements.at(0), step = n.known(2)->elements.at(0);
  if (first.symbolic() || step.symbolic())
    throw DependsOnSize{first.symbolic() ? first.whole.text() : step.whole.text()};
  const Element count = ceil(divide(convert(subtract(end, first), DType::f64), convert(step, DType::f64)));
  ValueId ones = n.op("expand", {n.constant(tensor_from({dtype, {}, {convert(step, dtype)}}))},
                      {{"shape", Attr(SymShape{count.whole})}});
  ValueId steps = n.op("cum_sum", {ones}, {{"axis", 0}, {"exclusive", true}});
  n.result("add", {steps, n.constant(tensor_from({dtype, {}, {first}}))});
}

// A tensor of the model, or a constant computed here, such as EyeLike's.
void eye_like(ImportNode& n) {
  const ValueType x = n.type(0);
  n.require(x.shape.size() == 2, "its input must have two dims");
  const Shape shape = fixed_shape(x.shape);
  Known out{n.has_attr("dtype") ? dtype_from_onnx(n.integer("dtype", 1)) : x.dtype, shape, {}};
  n.require(element_count(shape) <= static_cast<std::int64_t>(kMostKnown), "it is too large");
  const std::int64_t k = n.integer("k", 0);
  for (std::int64_t r = 0; r < shape[0]; ++r)
    for (std::int64_t c = 0; c < shape[1]; ++c)
      out.elements.push_back(convert(Element::number(c - r == k ? 1 : 0), out.dtype));
  n.out(0, std::move(out));
}

}  // namespace

void add_shapes(ConverterTable& t) {
  t["Reshape"] = reshape;
  t["Flatten"] = flatten;
  t["Squeeze"] = squeeze;
  t["Unsqueeze"] = unsqueeze;
  t["Transpose"] = transpose;
  t["Concat"] = concat;
  t["Split"] = split;
  t["Slice"] = slice;
  t["Expand"] = expand;
  t["Tile"] = tile;
  t["Pad"] = pad;
  t["DepthToSpace"] = depth_to_space;
  t["SpaceToDepth"] = [](ImportNode& n) {
    n.result("space_to_depth", {n.in(0)}, {{"block", n.integer("blocksize", 0)}});
  };
  t["ConstantOfShape"] = constant_of_shape;
  t["Range"] = range;
  t["EyeLike"] = eye_like;
  t["Trilu"] = [](ImportNode& n) {
    const std::int64_t k = n.has(1) ? n.need_ints(1, "the diagonal").at(0) : 0;
    n.result("trilu", {n.in(0)}, {{"upper", n.integer("upper", 1) != 0}, {"k", k}});
  };
}

}  // namespace frugal::onnx_import
