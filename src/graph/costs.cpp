#include "graph/costs.h"

#include "graph/op.h"

namespace frugal {
namespace {

std::vector<const ValueType*> input_types(const Node& node, const std::vector<ValueType>& types) {
  std::vector<const ValueType*> out;
  for (ValueId id : node.inputs) out.push_back(id == kNone ? nullptr : &types[static_cast<std::size_t>(id)]);
  return out;
}

}  // namespace

std::vector<ValueType> infer_types(const Graph& graph, const Bindings& bindings) {
  std::vector<ValueType> types(graph.values().size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Value& v = graph.values()[i];
    if (v.kind != ValueKind::node) types[i] = {v.type.dtype, bind(v.type.shape, bindings)};
  }
  for (const Node& node : graph.nodes()) {
    std::optional<Node> bound = bound_node(node, bindings);
    std::vector<ValueType> results = node.op->infer(OpContext(bound ? *bound : node, input_types(node, types)));
    FRUGAL_ASSERT(results.size() == node.outputs.size());
    for (std::size_t i = 0; i < results.size(); ++i)
      types[static_cast<std::size_t>(node.outputs[i])] = std::move(results[i]);
  }
  return types;
}

Costs compute_costs(const Graph& graph, Bindings bindings) {
  bindings.try_emplace("batch", 1);
  std::vector<ValueType> types = infer_types(graph, bindings);
  std::vector<bool> counted(types.size());
  Costs total;
  for (const Node& node : graph.nodes()) {
    LayerCost layer{.name = node.name, .op = node.op->name, .outputs = {}};
    for (ValueId id : node.outputs) layer.outputs.push_back(types[static_cast<std::size_t>(id)]);
    for (ValueId id : node.inputs) {
      if (id == kNone || graph.value(id).kind != ValueKind::weight || counted[static_cast<std::size_t>(id)]) continue;
      counted[static_cast<std::size_t>(id)] = true;
      Shape shape = fixed_shape(types[static_cast<std::size_t>(id)].shape);
      if (graph.value(id).role == WeightRole::parameter) layer.params += element_count(shape);
      layer.weight_bytes += static_cast<std::int64_t>(byte_size(graph.value(id).type.dtype, shape));
    }
    if (node.op->macs) {
      Dim macs = node.op->macs(OpContext(node, input_types(node, types), layer.outputs));
      require(macs.fixed(), "the cost of node '{}' depends on '{}': give that size a value", node.name, macs.text());
      layer.macs = macs.value();
    }
    total.params += layer.params;
    total.macs += layer.macs;
    total.weight_bytes += layer.weight_bytes;
    total.layers.push_back(std::move(layer));
  }
  return total;
}

}  // namespace frugal
