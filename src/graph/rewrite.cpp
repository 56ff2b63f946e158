#include "graph/rewrite.h"

#include <algorithm>

#include "graph/op.h"

namespace frugal {

Uses::Uses(const Graph& graph) : users_(graph.values().size()), output_(graph.values().size()) {
  for (std::size_t n = 0; n < graph.nodes().size(); ++n)
    for (ValueId id : graph.nodes()[n].inputs)
      if (id != kNone) users_[static_cast<std::size_t>(id)].push_back(static_cast<NodeId>(n));
  for (ValueId id : graph.outputs()) output_[static_cast<std::size_t>(id)] = true;
}

NodeId Uses::only_user(ValueId value) const {
  return of(value).size() == 1 && !is_output(value) ? of(value)[0] : kNone;
}

Rewriter::Rewriter(const Model& source)
    : source_(source),
      uses_(source.graph),
      result_{Graph(source.graph.name()), {}, source.metadata},
      map_(source.graph.values().size(), kNone) {
  for (ValueId id : source.graph.inputs()) {
    const Value& value = source.graph.value(id);
    replace(id, result_.graph.add_input(value.name, value.type));
  }
}

ValueId Rewriter::map(ValueId id) {
  if (id == kNone) return kNone;
  ValueId& to = map_[static_cast<std::size_t>(id)];
  const Value& value = graph().value(id);
  if (to == kNone && value.kind == ValueKind::weight) {
    to = result_.graph.add_weight(value.name, value.type.dtype, fixed_shape(value.type.shape), value.role, value.init);
    if (const Tensor* tensor = data(id)) result_.weights.emplace(value.name, *tensor);
  }
  require(to != kNone, "a rewrite of graph '{}' dropped the value '{}', which is still used", graph().name(),
          value.name);
  return to;
}

std::vector<ValueId> Rewriter::map(const std::vector<ValueId>& ids) {
  std::vector<ValueId> out;
  for (ValueId id : ids) out.push_back(map(id));
  return out;
}

void Rewriter::replace(ValueId source_value, ValueId result_value) {
  map_[static_cast<std::size_t>(source_value)] = result_value;
}

namespace {

const Tensor* data_of(const Model& model, ValueId id) {
  if (id == kNone || model.graph.value(id).kind != ValueKind::weight) return nullptr;
  auto found = model.weights.find(model.graph.value(id).name);
  return found == model.weights.end() ? nullptr : &found->second;
}

}  // namespace

const Tensor* Rewriter::data(ValueId id) const { return data_of(source_, id); }
const Tensor* Rewriter::result_data(ValueId id) const { return data_of(result_, id); }

std::vector<ValueId> Rewriter::copy(const Node& node) {
  std::vector<ValueId> outputs = result_.graph.add_node(node.op->name, node.name, map(node.inputs), node.attrs);
  FRUGAL_ASSERT(outputs.size() == node.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) replace(node.outputs[i], outputs[i]);
  return outputs;
}

std::string Rewriter::fresh_name(const std::string& stem) const {
  std::string name = stem;
  auto taken = [&](const Graph& g) { return g.fresh_name(name) != name; };
  for (int i = 2; taken(graph()) || taken(result_.graph); ++i) name = stem + "_" + std::to_string(i);
  return name;
}

std::vector<ValueId> Rewriter::add_node(std::string_view op, const std::string& name, std::vector<ValueId> inputs,
                                        Attrs attrs) {
  return result_.graph.add_node(op, name, std::move(inputs), std::move(attrs));
}

ValueId Rewriter::add_weight(const std::string& name, Tensor tensor, WeightRole role, Init init) {
  ValueId id = result_.graph.add_weight(name, tensor.dtype(), tensor.shape(), role, init);
  result_.weights.emplace(name, std::move(tensor));
  return id;
}

ValueId Rewriter::replace_weight(ValueId id, Tensor tensor) {
  const Value& old = graph().value(id);
  FRUGAL_ASSERT(old.kind == ValueKind::weight && uses().only_user(id) != kNone);
  ValueId made = result_.graph.add_weight(old.name, tensor.dtype(), tensor.shape(), old.role, old.init);
  result_.weights.emplace(old.name, std::move(tensor));
  replace(id, made);
  return made;
}

Model Rewriter::finish() {
  for (std::size_t i = 0; i < graph().outputs().size(); ++i)
    result_.graph.add_output(map(graph().outputs()[i]), graph().output_name(i));
  return std::move(result_);
}

Model Rewriter::finish(const std::vector<ValueId>& outputs) {
  for (ValueId id : outputs) result_.graph.add_output(map(id), graph().value(id).name);
  return std::move(result_);
}

Model rewrite(const Model& model, const std::function<Visit(Rewriter&, const Node&)>& visit) {
  Rewriter rewriter(model);
  for (const Node& node : model.graph.nodes()) {
    bool replaced =
        std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return rewriter.mapped(id); });
    if (!replaced && visit(rewriter, node) == Visit::copy) rewriter.copy(node);
  }
  return rewriter.finish();
}

}  // namespace frugal
