// Shape arithmetic: nodes whose inputs are all known while the model is imported.
#include <algorithm>
#include <cmath>

#include "formats/onnx/importer.h"
#include "formats/onnx/known_ops.h"
#include "formats/onnx/tensor.h"

namespace frugal::onnx_import {
namespace {

using Knowns = std::vector<Known>;
using Table = std::map<std::string, Evaluator, std::less<>>;

bool is_real(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

void add_arithmetic(Table& t) {
  auto pairwise = [](Element (*f)(const Element&, const Element&)) {
    return [f](ImportNode& n, const Knowns& in) -> Knowns {
      n.require(in.size() == 2, "it takes two inputs");
      return {elementwise(in[0], in[1], in[0].dtype, f)};
    };
  };
  t["Add"] = pairwise(add);
  t["Sub"] = pairwise(subtract);
  t["Mul"] = pairwise(multiply);
  t["Div"] = pairwise(divide);
  t["Mod"] = [](ImportNode& n, const Knowns& in) -> Knowns {
    const bool trunc = n.integer("fmod", 0) != 0;
    return {elementwise(in.at(0), in.at(1), in[0].dtype, [trunc](const Element& a, const Element& b) {
      if (a.is_real || trunc) {
        if (a.symbolic() || b.symbolic()) throw DependsOnSize{a.whole.text()};
        double r = std::fmod(a.value(), b.value());
        return a.is_real ? Element::number(r) : Element::integer(static_cast<std::int64_t>(r));
      }
      if (b.symbolic() || b.whole.value() <= 0) throw DependsOnSize{b.whole.text()};
      return Element::integer(a.whole - floor_div(a.whole, b.whole.value()) * b.whole);
    })};
  };
  t["Pow"] = [](ImportNode&, const Knowns& in) -> Knowns {
    return {elementwise(in.at(0), in.at(1), in[0].dtype, [dtype = in[0].dtype](const Element& a, const Element& b) {
      if (a.symbolic() || b.symbolic()) throw DependsOnSize{a.symbolic() ? a.whole.text() : b.whole.text()};
      return convert(Element::number(std::pow(a.value(), b.value())), dtype);
    })};
  };
  auto variadic = [](bool largest) {
    return [largest](ImportNode&, const Knowns& in) -> Knowns {
      Known out = in.at(0);
      for (std::size_t i = 1; i < in.size(); ++i)
        out = elementwise(out, in[i], out.dtype, [largest](const Element& a, const Element& b) {
          return (compare(a, b) < 0) == largest ? b : a;
        });
      return {out};
    };
  };
  t["Max"] = variadic(true);
  t["Min"] = variadic(false);
  auto unary = [](auto f) {
    return [f](ImportNode&, const Knowns& in) -> Knowns {
      Known out = in.at(0);
      for (Element& e : out.elements) e = f(e);
      return {out};
    };
  };
  t["Floor"] = unary([](const Element& e) { return floor(e); });
  t["Ceil"] = unary([](const Element& e) { return ceil(e); });
  t["Identity"] = unary([](const Element& e) { return e; });
  t["Neg"] = unary([](const Element& e) {
    return subtract(e.is_real && !e.symbolic() ? Element::number(0) : Element::integer(0), e);
  });
  auto real = [](double (*f)(double)) {
    return [f](ImportNode&, const Knowns& in) -> Knowns {
      Known out = in.at(0);
      for (Element& e : out.elements) {
        if (e.symbolic()) throw DependsOnSize{e.whole.text()};
        e = convert(Element::number(f(e.value())), out.dtype);
      }
      return {out};
    };
  };
  t["Sqrt"] = real([](double x) { return std::sqrt(x); });
  t["Reciprocal"] = real([](double x) { return 1 / x; });
  t["Exp"] = real([](double x) { return std::exp(x); });
  t["Log"] = real([](double x) { return std::log(x); });
  t["Abs"] = real([](double x) { return std::abs(x); });
  t["Round"] = real([](double x) { return std::nearbyint(x); });
  t["Cast"] = [](ImportNode& n, const Knowns& in) -> Knowns {
    DType to = dtype_from_onnx(n.integer("to", 1));
    if (to == DType::f16 || to == DType::bf16) to = DType::f32;
    Known out{to, in.at(0).shape, {}};
    for (const Element& e : in[0].elements) out.elements.push_back(convert(e, to));
    return {out};
  };
}

void add_logic(Table& t) {
  auto comparison = [](auto f) {
    return [f](ImportNode&, const Knowns& in) -> Knowns {
      return {elementwise(in.at(0), in.at(1), DType::boolean, [f](const Element& a, const Element& b) {
        return Element::integer(f(compare(a, b)) ? 1 : 0);
      })};
    };
  };
  t["Equal"] = comparison([](int c) { return c == 0; });
  t["Less"] = comparison([](int c) { return c < 0; });
  t["LessOrEqual"] = comparison([](int c) { return c <= 0; });
  t["Greater"] = comparison([](int c) { return c > 0; });
  t["GreaterOrEqual"] = comparison([](int c) { return c >= 0; });
  auto logic = [](auto f) {
    return [f](ImportNode&, const Knowns& in) -> Knowns {
      return {elementwise(in.at(0), in.at(1), DType::boolean, [f](const Element& a, const Element& b) {
        return Element::integer(f(a.value() != 0, b.value() != 0) ? 1 : 0);
      })};
    };
  };
  t["And"] = logic([](bool a, bool b) { return a && b; });
  t["Or"] = logic([](bool a, bool b) { return a || b; });
  t["Xor"] = logic([](bool a, bool b) { return a != b; });
  t["Not"] = [](ImportNode&, const Knowns& in) -> Knowns {
    Known out = in.at(0);
    for (Element& e : out.elements) e = Element::integer(e.value() == 0 ? 1 : 0);
    return {out};
  };
  t["Where"] = [](ImportNode& n, const Knowns& in) -> Knowns {
    n.require(in.size() == 3, "it takes three inputs");
    const Shape shape = broadcast_shape(broadcast_shape(in[0].shape, in[1].shape), in[2].shape);
    Known c = expand(in[0], shape), a = expand(in[1], shape), b = expand(in[2], shape);
    for (std::size_t i = 0; i < a.elements.size(); ++i)
      if (c.elements[i].value() == 0) a.elements[i] = b.elements[i];
    return {a};
  };
}

void add_sources(Table& t) {
  t["Constant"] = [](ImportNode& n, const Knowns&) -> Knowns {
    if (n.has_attr("value_int")) return {{DType::i64, {}, {Element::integer(n.integer("value_int", 0))}}};
    if (n.has_attr("value_float")) return {{DType::f32, {}, {Element::number(n.real("value_float", 0))}}};
    if (n.has_attr("value_ints")) {
      Known out{DType::i64, {}, {}};
      for (std::int64_t v : n.ints("value_ints")) out.elements.push_back(Element::integer(v));
      out.shape = {static_cast<std::int64_t>(out.elements.size())};
      return {out};
    }
    n.require(n.has_attr("value_floats"), "it holds no value that is supported");
    Known out{DType::f32, {}, {}};
    for (double v : n.reals("value_floats")) out.elements.push_back(Element::number(v));
    out.shape = {static_cast<std::int64_t>(out.elements.size())};
    return {out};
  };
  t["ConstantOfShape"] = [](ImportNode& n, const Knowns& in) -> Knowns {
    Known value{DType::f32, {1}, {Element::number(0)}};
    if (const auto* a = n.find("value")) value = known_from(n.importer().tensor(a->t()));
    n.require(value.elements.size() == 1, "its value must be one number");
    Known out{value.dtype, shape_from(in.at(0)), {}};
    out.elements.assign(checked_count(out.shape), value.elements[0]);
    return {out};
  };
  t["Range"] = [](ImportNode& n, const Knowns& in) -> Knowns {
    n.require(in.size() == 3, "it takes three inputs");
    for (const Known& k : in) {
      n.require(k.elements.size() == 1, "its inputs must be single numbers");
      if (k.symbolic()) throw DependsOnSize{k.symbols()};
    }
    const double first = in[0].elements[0].value(), end = in[1].elements[0].value(), step = in[2].elements[0].value();
    n.require(step != 0, "its step is 0");
    const double count = std::max(0.0, std::ceil((end - first) / step));
    n.require(count <= static_cast<double>(kMostKnown), "it is too long");
    Known out{in[0].dtype, {static_cast<std::int64_t>(count)}, {}};
    for (double i = 0; i < count; ++i) out.elements.push_back(convert(Element::number(first + i * step), out.dtype));
    return {out};
  };
  t["NonZero"] = [](ImportNode&, const Knowns& in) -> Knowns {
    const Known& x = in.at(0);
    const Shape strides = strides_of(x.shape);
    std::vector<std::size_t> hits;
    for (std::size_t i = 0; i < x.elements.size(); ++i)
      if (compare(x.elements[i], x.elements[i].is_real ? Element::number(0) : Element::integer(0)) != 0)
        hits.push_back(i);
    Known out{DType::i64, {static_cast<std::int64_t>(x.shape.size()), static_cast<std::int64_t>(hits.size())}, {}};
    for (std::size_t d = 0; d < x.shape.size(); ++d)
      for (std::size_t i : hits)
        out.elements.push_back(Element::integer(static_cast<std::int64_t>(i) / strides[d] % x.shape[d]));
    return {out};
  };
}

void add_reductions_of(Table& t) {
  auto reduction = [](auto f) {
    return [f](ImportNode& n, const Knowns& in) -> Knowns {
      const Known& x = in.at(0);
      Ints axes = n.ints("axes");
      if (in.size() > 1) axes = n.need_ints(1, "the axes");
      const bool keep = n.integer("keepdims", 1) != 0;
      std::vector<bool> reduced(x.shape.size(), axes.empty());
      if (axes.empty() && n.integer("noop_with_empty_axes", 0) != 0) return {x};
      for (std::int64_t axis : axes) reduced[static_cast<std::size_t>(n.axis(axis, x.shape.size()))] = true;
      Known out{x.dtype, {}, {}};
      Shape kept;
      for (std::size_t d = 0; d < x.shape.size(); ++d) {
        kept.push_back(reduced[d] ? 1 : x.shape[d]);
        if (!reduced[d] || keep) out.shape.push_back(kept.back());
      }
      const Shape strides = strides_of(x.shape), to = strides_of(kept);
      std::vector<std::optional<Element>> sums(checked_count(kept));
      for (std::size_t i = 0; i < x.elements.size(); ++i) {
        std::int64_t at = 0;
        for (std::size_t d = 0; d < x.shape.size(); ++d)
          if (!reduced[d]) at += static_cast<std::int64_t>(i) / strides[d] % x.shape[d] * to[d];
        auto& sum = sums[static_cast<std::size_t>(at)];
        sum = sum ? f(*sum, x.elements[i]) : x.elements[i];
      }
      for (auto& sum : sums) {
        n.require(sum.has_value(), "there is nothing to reduce");
        out.elements.push_back(*sum);
      }
      return {out};
    };
  };
  t["ReduceProd"] = reduction([](const Element& a, const Element& b) { return multiply(a, b); });
  t["ReduceSum"] = reduction([](const Element& a, const Element& b) { return add(a, b); });
  t["ReduceMax"] = reduction([](const Element& a, const Element& b) { return compare(a, b) < 0 ? b : a; });
  t["ReduceMin"] = reduction([](const Element& a, const Element& b) { return compare(a, b) > 0 ? b : a; });
}

const Table& table() {
  static const Table t = [] {
    Table made;
    add_arithmetic(made);
    add_logic(made);
    add_sources(made);
    add_reductions_of(made);
    add_known_shapes(made);
    return made;
  }();
  return t;
}

// Shape and Size ask for the type of their input only.
bool evaluate_shape(ImportNode& n) {
  if (n.op_type() == "Constant") {
    const auto* value = n.find("value");
    if (!value) return false;
    Tensor data = n.importer().tensor(value->t());
    auto binding = std::make_shared<Binding>();
    if (data.numel() <= 4096 && can_be_known(data)) binding->known = known_from(data);
    binding->data = std::move(data);
    n.require(n.wants(0), "it has no output");
    n.scope().names[n.proto().output(0)] = std::move(binding);
    return true;
  }
  if (n.op_type() != "Shape" && n.op_type() != "Size") return false;
  SymShape shape = n.shape(0);
  if (n.op_type() == "Size") {
    n.out(0, Known{DType::i64, {}, {Element::integer(product(shape))}});
    return true;
  }
  const auto rank = static_cast<std::int64_t>(shape.size());
  auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t start = place(n.integer("start", 0)), end = place(n.integer("end", rank));
  Known out{DType::i64, {std::max<std::int64_t>(0, end - start)}, {}};
  for (std::int64_t i = start; i < end; ++i)
    out.elements.push_back(Element::integer(shape[static_cast<std::size_t>(i)]));
  n.out(0, std::move(out));
  return true;
}

// Weights stay weights: of the model's own tensors of reals only single numbers count as known here.
bool all_known(ImportNode& n, Knowns& in) {
  for (std::size_t i = 0; i < n.input_count(); ++i) {
    if (!n.has(i)) {
      in.push_back({DType::i64, {0}, {}});
      continue;
    }
    const Binding& binding = n.importer().lookup(n.scope(), n.proto().input(static_cast<int>(i)));
    if (binding.known) {
      in.push_back(*binding.known);
      continue;
    }
    if (!binding.data.defined() || !can_be_known(binding.data)) return false;
    if ((is_real(binding.data.dtype()) && binding.data.numel() > 1) || binding.data.numel() > 4096) return false;
    in.push_back(known_from(binding.data));
  }
  return true;
}

}  // namespace

bool evaluable(const std::string& op_type) {
  return table().contains(op_type) || op_type == "Shape" || op_type == "Size";
}

bool evaluate(ImportNode& node) {
  if (evaluate_shape(node)) return true;
  auto found = table().find(node.op_type());
  if (found == table().end()) return false;
  Knowns in, out;
  if (!all_known(node, in)) return false;
  try {
    out = found->second(node, in);
  } catch (const DependsOnSize&) {
    for (const char* run_time : {"Range", "ConstantOfShape", "Expand", "Tile"})
      if (node.op_type() == run_time) return false;
    throw;
  } catch (const std::out_of_range&) {
    node.refuse("an input is missing");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (is_real(out[i].dtype))  // as rounded as in the network
      for (Element& e : out[i].elements)
        if (!e.symbolic()) e = convert(e, out[i].dtype);
    node.out(i, std::move(out[i]));
  }
  return true;
}

}  // namespace frugal::onnx_import
