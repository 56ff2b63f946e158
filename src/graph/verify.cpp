#include "graph/verify.h"

#include "graph/costs.h"
#include "graph/op.h"

namespace frugal {
namespace {

void verify_node(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  require(node.op != nullptr, "node '{}' has no op", node.name);
  auto first = node.outputs.empty() ? static_cast<ValueId>(graph.values().size()) : node.outputs[0];
  for (ValueId in : node.inputs)
    require(in >= kNone && in < first, "node '{}' ({}) uses a value that is made after it", node.name, node.op->name);
  for (ValueId out : node.outputs)
    require(graph.value(out).kind == ValueKind::node && graph.value(out).producer == id,
            "value '{}' is an output of node '{}' but names another producer", graph.value(out).name, node.name);
}

}  // namespace

void verify(const Graph& graph) {
  require(!graph.outputs().empty(), "graph '{}' has no output", graph.name());
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) verify_node(graph, static_cast<NodeId>(i));
  std::vector<ValueType> types = infer_types(graph, {});
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Value& value = graph.values()[i];
    require(types[i] == value.type, "value '{}' is recorded as {} but is {}", value.name, to_string(value.type),
            to_string(types[i]));
  }
}

void verify(const Model& model) {
  verify(model.graph);
  for (const Value& value : model.graph.values()) {
    if (value.kind != ValueKind::weight) continue;
    auto found = model.weights.find(value.name);
    require(found != model.weights.end() && found->second.defined(), "model '{}' has no data for the weight '{}', {}",
            model.graph.name(), value.name, to_string(value.type));
    const Tensor& tensor = found->second;
    require(tensor.dtype() == value.type.dtype &&
                SymShape(tensor.shape().begin(), tensor.shape().end()) == value.type.shape,
            "the weight '{}' must be {}, not {}[{}]", value.name, to_string(value.type), name(tensor.dtype()),
            to_string(tensor.shape()));
  }
}

}  // namespace frugal
