#include <algorithm>
#include <optional>
#include <utility>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

const Node* producer(const Graph& graph, ValueId value, std::string_view op) {
  const NodeId id = graph.value(value).producer;
  return id != kNone && graph.node(id).op->name == op ? &graph.node(id) : nullptr;
}

std::optional<double> scalar(const Rewriter& r, ValueId value) {
  const Tensor* data = r.data(value);
  if (!data || data->numel() != 1 || data->dtype() != DType::f32) return std::nullopt;
  return static_cast<double>(data->data<float>()[0]);
}

// Steps back over products with and quotients by a constant, which go into `factor`.
ValueId without_factor(const Rewriter& r, ValueId value, double& factor) {
  if (const Node* mul = producer(r.graph(), value, "mul"))
    for (std::size_t i = 0; i < 2; ++i)
      if (std::optional<double> s = scalar(r, mul->inputs[i])) {
        factor *= *s;
        return without_factor(r, mul->inputs[1 - i], factor);
      }
  if (const Node* div = producer(r.graph(), value, "div"))
    if (std::optional<double> s = scalar(r, div->inputs[1]); s && *s != 0) {
      factor /= *s;
      return without_factor(r, div->inputs[0], factor);
    }
  return value;
}

struct Match {
  ValueId q, k, v, bias = kNone;
  Ints k_perm{};  // of a transpose that k needs first
  double scale = 1;
};

bool is_bias(const SymShape& bias, const SymShape& scores) {
  if (bias.size() != scores.size()) return false;
  for (std::size_t i = 0; i < bias.size(); ++i)
    if (bias[i] != scores[i] && (i + 2 >= bias.size() || bias[i] != Dim(1))) return false;
  return true;
}

bool same_leading(const SymShape& a, const SymShape& b) {
  return a.size() == b.size() && a.size() >= 2 && std::equal(a.begin(), a.end() - 2, b.begin());
}

std::optional<Match> match(const Rewriter& r, const Node& node) {
  const Graph& graph = r.graph();
  auto shape = [&](ValueId value) -> const SymShape& { return graph.value(value).type.shape; };
  if (node.op->name != "matmul" || attr_flag(node, "transpose_b")) return std::nullopt;
  const Node* softmax = producer(graph, node.inputs[0], "softmax");
  if (!softmax || r.uses().only_user(node.inputs[0]) == kNone) return std::nullopt;
  ValueId scores = softmax->inputs[0];
  const std::int64_t axis = attr_int(*softmax, "axis"), rank = static_cast<std::int64_t>(shape(scores).size());
  if ((axis != -1 && axis != rank - 1) || r.uses().only_user(scores) == kNone) return std::nullopt;

  Match m{.q = kNone, .k = kNone, .v = node.inputs[1]};
  if (const Node* add = producer(graph, scores, "add"))
    for (std::size_t i = 0; i < 2 && m.bias == kNone; ++i)
      if (is_bias(shape(add->inputs[1 - i]), shape(scores)) && shape(add->inputs[i]) == shape(scores)) {
        double ignored = 1;
        if (!producer(graph, without_factor(r, add->inputs[i], ignored), "matmul")) continue;
        scores = add->inputs[i];
        m.bias = add->inputs[1 - i];
      }
  const Node* product = producer(graph, without_factor(r, scores, m.scale), "matmul");
  if (!product) return std::nullopt;
  m.q = without_factor(r, product->inputs[0], m.scale);
  m.k = without_factor(r, product->inputs[1], m.scale);
  if (!attr_flag(*product, "transpose_b")) {
    const Node* transpose = producer(graph, m.k, "transpose");
    if (!transpose) return std::nullopt;
    m.k_perm = attr_ints(*transpose, "perm");
    std::swap(m.k_perm[m.k_perm.size() - 1], m.k_perm[m.k_perm.size() - 2]);
    m.k = without_factor(r, transpose->inputs[0], m.scale);
    if (!same_leading(shape(m.q), shape(product->inputs[1]))) return std::nullopt;
  } else if (!same_leading(shape(m.q), shape(m.k))) {
    return std::nullopt;
  }
  if (!same_leading(shape(m.q), shape(m.v)) || graph.value(m.q).type.dtype != DType::f32) return std::nullopt;
  return m;
}

}  // namespace

Model fuse_attention(const Model& model) {
  return remove_dead_code(rewrite(model, [](Rewriter& r, const Node& node) {
    const std::optional<Match> m = match(r, node);
    if (!m) return Visit::copy;
    ValueId k = r.map(m->k);
    bool moves = false;
    for (std::size_t i = 0; i < m->k_perm.size(); ++i) moves = moves || m->k_perm[i] != static_cast<std::int64_t>(i);
    if (moves) k = r.add_node("transpose", r.fresh_name("transpose"), {k}, {{"perm", m->k_perm}})[0];
    std::vector<ValueId> inputs{r.map(m->q), k, r.map(m->v)};
    if (m->bias != kNone) inputs.push_back(r.map(m->bias));
    r.replace(node.outputs[0], r.add_node("attention", node.name, inputs, {{"scale", m->scale}})[0]);
    return Visit::done;
  }));
}

}  // namespace frugal
