#include <algorithm>
#include <map>
#include <span>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {

namespace {

// Copies the nodes that some of these values need.
void copy_needed(Rewriter& r, std::span<const ValueId> values) {
  const std::span<const Node> nodes = r.graph().nodes();
  std::vector<bool> live(r.graph().values().size());
  for (ValueId id : values) live[static_cast<std::size_t>(id)] = true;
  auto needed = [&](const Node& node) {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [&](ValueId id) { return live[static_cast<std::size_t>(id)]; });
  };
  for (std::size_t n = nodes.size(); n-- > 0;)
    if (needed(nodes[n]))
      for (ValueId id : nodes[n].inputs)
        if (id != kNone) live[static_cast<std::size_t>(id)] = true;
  for (const Node& node : nodes)
    if (needed(node)) r.copy(node);
}

}  // namespace

Model remove_dead_code(const Model& model) {
  Rewriter r(model);
  copy_needed(r, model.graph.outputs());
  return r.finish();
}

Model cut_at(const Model& model, const std::vector<ValueId>& values) {
  Rewriter r(model);
  copy_needed(r, values);
  return r.finish(values);
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
