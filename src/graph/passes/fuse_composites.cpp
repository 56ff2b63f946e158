// Functions that other programs write out in several ops, as the one op that we have for them: a table of patterns.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <unordered_set>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

using Fits = bool (*)(const Graph&, const Node&);

// A formula over an input x and weights. mul, add and maximum match with their operands in either order.
struct Pattern {
  enum Kind { op, input, vector, constant, any_constant } kind = op;
  std::string_view name{};      // op
  std::vector<Pattern> args{};  // op
  Fits fits = nullptr;          // op: what its attributes must be
  std::size_t slot = 0;         // input, vector: which input of the replacement it becomes
  double value = 0;             // constant
};

Pattern x() { return {.kind = Pattern::input}; }
Pattern row(std::size_t slot) { return {.kind = Pattern::vector, .slot = slot}; }  // one number a column of x
Pattern number(double v) { return {.kind = Pattern::constant, .value = v}; }
Pattern free_number() { return {.kind = Pattern::any_constant}; }
Pattern op(std::string_view name, std::vector<Pattern> args, Fits fits = nullptr) {
  return {.name = name, .args = std::move(args), .fits = fits};
}
Pattern mul(Pattern a, Pattern b) { return op("mul", {std::move(a), std::move(b)}); }
Pattern div(Pattern a, Pattern b) { return op("div", {std::move(a), std::move(b)}); }
Pattern add(Pattern a, Pattern b) { return op("add", {std::move(a), std::move(b)}); }
Pattern sub(Pattern a, Pattern b) { return op("sub", {std::move(a), std::move(b)}); }

// Of the last axis, which stays with size 1.
Pattern mean(Pattern a) {
  return op("reduce_mean", {std::move(a)}, [](const Graph& graph, const Node& node) {
    const Ints& axes = attr_ints(node, "axes");
    const auto rank = static_cast<std::int64_t>(graph.value(node.inputs[0]).type.shape.size());
    return axes.size() == 1 && (axes[0] == -1 || axes[0] == rank - 1) && attr_flag(node, "keep_dims");
  });
}

// A formula and the op it is.
struct Composite {
  const char* op;
  Pattern pattern;
  Attrs attrs{};
  const char* free_attr = nullptr;  // what the free number of the pattern is, from 0 to 1
};

class Table {
 public:
  Table() {
    add_gates();
    add_gelu();
    add_norms();
  }
  std::vector<Composite> rows;

 private:
  void put(const char* name, Pattern pattern, Attrs attrs = {}) { rows.push_back({name, std::move(pattern), attrs}); }

  void add_gates() {
    put("silu", mul(x(), op("sigmoid", {x()})));
    put("mish", mul(x(), op("tanh", {op("softplus", {x()})})));
    put("mish", mul(x(), op("tanh", {op("log", {add(op("exp", {x()}), number(1))})})));
    put("softplus", op("log", {add(op("exp", {x()}), number(1))}));
    rows.push_back({"leaky_relu", op("maximum", {x(), mul(x(), free_number())}), {}, "slope"});
    put("hard_swish", mul(x(), op("hard_sigmoid", {x()}, [](const Graph&, const Node& n) {
                            return std::abs(attr_real(n, "alpha") - 1.0 / 6) < 1e-6 && attr_real(n, "beta") == 0.5;
                          })));
    for (const Pattern& ramp :
         {op("relu6", {add(x(), number(3))}), op("clip", {add(x(), number(3))}, [](const Graph&, const Node& n) {
            return attr_real(n, "min") == 0 && attr_real(n, "max") == 6;
          })}) {
      put("hard_swish", div(mul(x(), ramp), number(6)));
      put("hard_swish", mul(mul(x(), ramp), number(1.0 / 6)));
      for (const Pattern& gate : {div(ramp, number(6)), mul(ramp, number(1.0 / 6))}) {
        put("hard_swish", mul(x(), gate));
        put("hard_sigmoid", gate, {{"alpha", 1.0 / 6}, {"beta", 0.5}});
      }
    }
  }

  // Both forms of arXiv 1606.08415: x / 2 (1 + g).
  void add_gelu() {
    const Pattern cube = mul(x(), mul(x(), x()));
    const Pattern inner = mul(add(x(), mul(cube, number(0.044715))), number(std::sqrt(2 / M_PI)));
    for (const auto& [g, form] :
         std::initializer_list<std::pair<Pattern, const char*>>{{op("erf", {div(x(), number(M_SQRT2))}), "none"},
                                                                {op("erf", {mul(x(), number(M_SQRT1_2))}), "none"},
                                                                {op("tanh", {inner}), "tanh"}}) {
      const Pattern gate = add(g, number(1));
      for (Pattern& p : std::vector<Pattern>{mul(mul(x(), gate), number(0.5)), mul(mul(x(), number(0.5)), gate),
                                             mul(x(), mul(gate, number(0.5)))})
        put("gelu", std::move(p), {{"approximate", form}});
    }
  }

  // a / root and the ways around a division.
  static std::vector<Pattern> quotients(const Pattern& a, const Pattern& root) {
    return {div(a, root), mul(a, op("reciprocal", {root})), mul(a, div(number(1), root))};
  }

  void add_norms() {
    auto root = [](const Pattern& a) { return op("sqrt", {add(mean(mul(a, a)), free_number())}); };
    auto put_norm = [&](const char* name, Pattern p) { rows.push_back({name, std::move(p), {{"axis", -1}}, "eps"}); };
    const Pattern centred = sub(x(), mean(x()));
    for (const Pattern& q : quotients(centred, root(centred))) {
      put_norm("layer_norm", add(mul(q, row(1)), row(2)));
      put_norm("layer_norm", mul(q, row(1)));
      put_norm("layer_norm", q);
    }
    // TensorFlow's order: x s + (bias - mean s) with s = scale / root.
    const Pattern s = mul(op("reciprocal", {root(centred)}), row(1));
    put_norm("layer_norm", add(mul(x(), s), sub(row(2), mul(mean(x()), s))));
    for (const Pattern& q : quotients(x(), root(x()))) put_norm("rms_norm", mul(q, row(1)));
  }
};

// Looks backwards from a node of the source.
class Matcher {
 public:
  Matcher(const Rewriter& r, const Node& node) : r_(r), node_(node) {}

  struct Found {
    std::array<ValueId, 3> inputs{kNone, kNone, kNone};
    std::optional<double> free;
  };

  std::optional<Found> match(const Pattern& p) const {
    Found found;
    if (!match(p, node_.outputs[0], found) || !closed(found.inputs)) return std::nullopt;
    const ValueType& type = graph().value(found.inputs[0]).type;
    if (type.dtype != DType::f32 || type != graph().value(node_.outputs[0]).type) return std::nullopt;
    return found;
  }

  // True where nobody else reads what is computed between the leaves and the node.
  bool closed(std::span<const ValueId> leaves) const {
    std::unordered_set<NodeId> inside{graph().value(node_.outputs[0]).producer};
    std::vector<ValueId> between;
    auto visit = [&](auto& self, const Node& node) -> void {
      for (ValueId v : node.inputs) {
        const NodeId from = v == kNone ? kNone : graph().value(v).producer;
        if (from == kNone || std::find(leaves.begin(), leaves.end(), v) != leaves.end()) continue;
        between.push_back(v);
        if (inside.insert(from).second) self(self, graph().node(from));
      }
    };
    visit(visit, node_);
    for (ValueId v : between) {
      if (r_.uses().is_output(v)) return false;
      for (NodeId user : r_.uses().of(v))
        if (!inside.contains(user)) return false;
    }
    return true;
  }

  // A weight with one number for each element of the last axis.
  bool is_row(ValueId value) const {
    const Tensor* data = value == kNone ? nullptr : r_.data(value);
    const SymShape& shape = graph().value(node_.outputs[0]).type.shape;
    return data && data->dtype() == DType::f32 && data->rank() == 1 && !shape.empty() && shape.back() == data->dim(0);
  }

 private:
  const Graph& graph() const { return r_.graph(); }

  std::optional<double> constant(ValueId value) const {
    const Tensor* data = r_.data(value);
    if (!data || data->dtype() != DType::f32 || data->numel() != 1) return std::nullopt;
    return static_cast<double>(data->data<float>()[0]);
  }

  static bool bind(ValueId& place, ValueId value) { return (place == kNone ? place = value : place) == value; }

  bool match(const Pattern& p, ValueId value, Found& found) const {
    if (value == kNone) return false;
    if (p.kind == Pattern::input) return bind(found.inputs[0], value);
    if (p.kind == Pattern::vector) return is_row(value) && bind(found.inputs[p.slot], value);
    if (p.kind == Pattern::op) return match_op(p, value, found);
    const std::optional<double> c = constant(value);
    if (!c) return false;
    if (p.kind == Pattern::constant) return std::abs(*c - p.value) <= 1e-5 * std::abs(p.value);
    if (!found.free) found.free = c;
    return *found.free == *c && *c >= 0 && *c <= 1;
  }

  bool match_op(const Pattern& p, ValueId value, Found& found) const {
    const NodeId id = graph().value(value).producer;
    if (id == kNone) return false;
    const Node& node = graph().node(id);
    if (node.op->name != p.name || node.inputs.size() != p.args.size() || (p.fits && !p.fits(graph(), node)))
      return false;
    auto in_order = [&](std::size_t first) {
      Found trial = found;
      for (std::size_t i = 0; i < p.args.size(); ++i)
        if (!match(p.args[i], node.inputs[i ^ first], trial)) return false;
      found = trial;
      return true;
    };
    const bool either = p.name == "mul" || p.name == "add" || p.name == "maximum";
    return in_order(0) || (either && in_order(1));
  }

  const Rewriter& r_;
  const Node& node_;
};

bool replace_composite(Rewriter& r, const Node& node) {
  static const Table table;
  const Matcher matcher(r, node);
  for (const Composite& c : table.rows) {
    if (c.pattern.name != node.op->name) continue;
    const std::optional<Matcher::Found> found = matcher.match(c.pattern);
    if (!found) continue;
    std::vector<ValueId> inputs;
    for (ValueId v : found->inputs)
      if (inputs.size() < OpRegistry::instance().get(c.op).inputs.size()) inputs.push_back(r.map(v));
    Attrs attrs = c.attrs;
    if (c.free_attr) attrs[c.free_attr] = *found->free;
    r.replace(node.outputs[0], r.add_node(c.op, node.name, inputs, attrs)[0]);
    return true;
  }
  return false;
}

Tensor transposed(const Tensor& w) {
  const std::int64_t rows = w.dim(0), columns = w.dim(1);
  Tensor out(DType::f32, {columns, rows});
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t k = 0; k < columns; ++k) out.data<float>()[k * rows + i] = w.data<float>()[i * columns + k];
  return out;
}

// x W + b with weights becomes the layer it was: the bias is added in the product's store.
bool replace_linear(Rewriter& r, const Node& node) {
  if (node.op->name != "add") return false;
  for (std::size_t i = 0; i < 2; ++i) {
    const ValueId product = node.inputs[i], bias = node.inputs[1 - i];
    const NodeId id = r.graph().value(product).producer;
    if (id == kNone || r.graph().node(id).op->name != "matmul" || r.uses().only_user(product) == kNone) continue;
    const Node& matmul = r.graph().node(id);
    const ValueId weight = matmul.inputs[1];
    const Tensor* w = r.data(weight);
    if (!w || w->rank() != 2 || w->dtype() != DType::f32 || r.uses().of(weight).size() != 1) continue;
    if (!Matcher(r, node).is_row(bias)) continue;
    const Value& from = r.graph().value(weight);
    const ValueId turned = attr_flag(matmul, "transpose_b")
                               ? r.map(weight)
                               : r.add_weight(r.fresh_name(from.name + ".transposed"), transposed(*w), from.role);
    r.replace(node.outputs[0], r.add_node("linear", node.name, {r.map(matmul.inputs[0]), turned, r.map(bias)}, {})[0]);
    return true;
  }
  return false;
}

}  // namespace

Model fuse_composites(const Model& model) {
  return remove_dead_code(rewrite(model, [](Rewriter& r, const Node& node) {
    return replace_composite(r, node) || replace_linear(r, node) ? Visit::done : Visit::copy;
  }));
}

}  // namespace frugal
