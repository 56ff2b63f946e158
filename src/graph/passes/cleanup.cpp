#include <map>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {

Model remove_dead_code(const Model& model) {
  const Graph& graph = model.graph;
  std::vector<bool> live(graph.values().size());
  for (ValueId id : graph.outputs()) live[static_cast<std::size_t>(id)] = true;
  auto needed = [&](const Node& node) {
    for (ValueId id : node.outputs)
      if (live[static_cast<std::size_t>(id)]) return true;
    return false;
  };
  for (std::size_t n = graph.nodes().size(); n-- > 0;)
    if (needed(graph.nodes()[n]))
      for (ValueId id : graph.nodes()[n].inputs)
        if (id != kNone) live[static_cast<std::size_t>(id)] = true;
  return rewrite(model, [&](Rewriter&, const Node& node) { return needed(node) ? Visit::copy : Visit::done; });
}

Model fold_constants(const Model& model, const NodeEvaluator& evaluate) {
  return rewrite(model, [&](Rewriter& r, const Node& node) {
    std::vector<const Tensor*> inputs;
    WeightRole role = WeightRole::constant;
    if (bound_node(node, {})) return Visit::copy;  // its result depends on sizes that are not known yet
    for (ValueId id : node.inputs) {
      inputs.push_back(nullptr);
      if (id == kNone) continue;
      // What an earlier node of this pass has become is a weight of the result only.
      inputs.back() = r.mapped(id) ? r.result_data(r.map(id)) : r.data(id);
      if (!inputs.back()) return Visit::copy;
      const Value& value = r.mapped(id) ? r.result().value(r.map(id)) : r.graph().value(id);
      if (value.role == WeightRole::parameter) role = WeightRole::parameter;
    }
    std::vector<Tensor> outputs = evaluate(node, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string& name = r.graph().value(node.outputs[i]).name;
      r.replace(node.outputs[i], r.add_weight(name, std::move(outputs[i]), role));
    }
    return Visit::done;
  });
}

Model merge_duplicates(const Model& model) {
  std::map<std::pair<const OpDef*, std::vector<ValueId>>, std::vector<const Node*>> seen;
  return rewrite(model, [&](Rewriter& r, const Node& node) {
    std::vector<const Node*>& alike = seen[{node.op, r.map(node.inputs)}];
    for (const Node* other : alike) {
      if (other->attrs != node.attrs) continue;
      for (std::size_t i = 0; i < node.outputs.size(); ++i) r.replace(node.outputs[i], r.map(other->outputs[i]));
      return Visit::done;
    }
    alike.push_back(&node);
    return Visit::copy;
  });
}

Model simplify(const Model& model, const NodeEvaluator& evaluate) {
  // Each pass finds what the ones before have made possible; batch norm needs producers without other users.
  Model m = simplify_shapes(fold_constants(model, evaluate));
  m = fuse_composites(remove_dead_code(merge_duplicates(m)));
  return fold_batch_norm(reparameterize(fold_padding(m)));
}

}  // namespace frugal
