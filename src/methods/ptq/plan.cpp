#include <algorithm>
#include <set>

#include "graph/op.h"
#include "graph/rewrite.h"
#include "methods/ptq/ptq.h"

namespace frugal {
namespace {

bool is_layer(const Model& model, const Node& node) {
  if (node.op->name != "conv2d" && node.op->name != "linear") return false;
  const Value& x = model.graph.value(node.inputs[0]);
  for (std::size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNone && model.graph.value(node.inputs[i]).kind != ValueKind::weight) return false;
  return x.kind != ValueKind::weight && x.type.dtype == DType::f32 &&
         model.graph.value(node.inputs[1]).type.dtype == DType::f32;
}

// Ops of one input that commute with rounding to bytes.
bool passes_bytes(const Node& node) {
  const std::string& op = node.op->name;
  return op == "max_pool2d" || op == "reshape" || op == "transpose" || op == "slice" ||
         (op == "resize" && attr_text(node, "mode") == "nearest");
}

class Planner {
 public:
  Planner(const Model& model, const std::vector<std::string>& float_layers, Activations activations)
      : model_(model), graph_(model.graph), uses_(model.graph), by_row_(activations == Activations::row) {
    for (const Node& node : graph_.nodes())
      if (is_layer(model, node) && std::find(float_layers.begin(), float_layers.end(), node.name) == float_layers.end())
        layers_.insert(&node);
  }

  PtqPlan run() {
    PtqPlan plan;
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& node = graph_.nodes()[i];
      if (layers_.contains(&node)) {
        plan.layers.push_back(static_cast<NodeId>(i));
        quantize_input(node.inputs[0], plan);
      }
      if (node.op->name == "add" && feeds_layer(node.outputs[0])) quantize_operand(node);
    }
    for (ValueId v : whole_) rows_.erase(v);  // one scale for all, who ever reads it
    plan.rows = rows_;
    rows_.merge(whole_);
    plan.values.assign(rows_.begin(), rows_.end());
    return plan;
  }

 private:
  const Node* producer(ValueId v) const {
    return graph_.value(v).kind == ValueKind::node ? &graph_.node(graph_.value(v).producer) : nullptr;
  }

  // Up through ops that pass bytes on, to the value where rounding does its work for all of them.
  ValueId source_of(ValueId v) const {
    for (const Node* node = producer(v); node && passes_bytes(*node) && !uses_.is_output(v); node = producer(v))
      v = node->inputs[0];
    return v;
  }

  // Its layers are all linear; then what else reads it gets the floats.
  bool takes_rows(ValueId x) const {
    return by_row_ && std::all_of(uses_.of(x).begin(), uses_.of(x).end(), [&](NodeId id) {
             const Node& node = graph_.node(id);
             return !layers_.contains(&node) || node.op->name == "linear";
           });
  }

  void quantize_input(ValueId x, PtqPlan& plan) {
    if (takes_rows(x)) {
      rows_.insert(x);
      return;
    }
    const ValueId v = source_of(x);
    const Node* node = producer(v);
    if (v != x || !node || node->op->name != "concat" || !only_layers_read(v) || attr_axis(*node) != 1) {
      whole_.insert(v);
      return;
    }
    std::vector<ValueId> parts;
    for (ValueId p : node->inputs) {
      parts.push_back(source_of(p));
      whole_.insert(parts.back());
    }
    plan.parts[v] = parts;
  }

  std::int64_t attr_axis(const Node& node) const { return attr_int(node, "axis"); }

  // Layers that mix all channels, so that their weights can take a scale of each.
  bool only_layers_read(ValueId v) const {
    if (uses_.is_output(v) || uses_.of(v).empty()) return false;
    for (NodeId id : uses_.of(v)) {
      const Node& node = graph_.node(id);
      if (!layers_.contains(&node) || node.op->name != "conv2d" || attr_int(node, "groups") != 1) return false;
    }
    const Node& concat = *producer(v);
    for (ValueId p : concat.inputs)
      if (graph_.value(p).kind != ValueKind::node || !graph_.value(p).type.shape[1].fixed()) return false;
    return true;
  }

  // Does the value reach a layer through activations alone?
  bool feeds_layer(ValueId v) const {
    for (NodeId id : uses_.of(v)) {
      const Node& node = graph_.node(id);
      if (layers_.contains(&node)) return true;
      if (node.inputs.size() == 1 && feeds_layer_once(node.outputs[0])) return true;
    }
    return false;
  }
  bool feeds_layer_once(ValueId v) const {
    return std::any_of(uses_.of(v).begin(), uses_.of(v).end(),
                       [&](NodeId id) { return layers_.contains(&graph_.node(id)); });
  }

  void quantize_operand(const Node& add) {
    const Value &a = graph_.value(add.inputs[0]), &b = graph_.value(add.inputs[1]);
    if (a.kind != ValueKind::node || b.kind != ValueKind::node || a.type != b.type) return;
    whole_.insert(source_of(a.producer < b.producer ? add.inputs[0] : add.inputs[1]));
  }

  const Model& model_;
  const Graph& graph_;
  Uses uses_;
  const bool by_row_;
  std::set<const Node*> layers_;
  std::set<ValueId> whole_, rows_;  // values with one scale, and with one for each row
};

}  // namespace

PtqPlan plan_ptq(const Model& folded, const std::vector<std::string>& float_layers, Activations activations) {
  return Planner(folded, float_layers, activations).run();
}

}  // namespace frugal
