#include "engine/plan.h"

#include "base/check.h"
#include "engine/program.h"
#include "graph/costs.h"
#include "graph/op.h"

namespace frugal {

Plan make_plan(const Model& model, const std::vector<Shape>& input_shapes) {
  const Graph& graph = model.graph;
  const Bindings bindings = bind_inputs(graph, input_shapes);
  std::vector<ValueType> types = infer_types(graph, bindings);
  Plan plan;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Value& value = graph.values()[i];
    PlanValue made{.type = {types[i].dtype, fixed_shape(types[i].shape), 1}};
    if (value.kind == ValueKind::weight) made.constant = &model.weights.find(value.name)->second;
    plan.values.push_back(std::move(made));
  }
  plan.inputs.assign(graph.inputs().begin(), graph.inputs().end());
  plan.outputs.assign(graph.outputs().begin(), graph.outputs().end());
  for (std::size_t i = 0; i < plan.inputs.size(); ++i) plan.value(plan.inputs[i]).input = static_cast<int>(i);
  for (const Node& node : graph.nodes()) {
    std::optional<Node> bound = bound_node(node, bindings);
    plan.steps.push_back({.node = bound ? &plan.bound.emplace_back(std::move(*bound)) : &node,
                          .op = &EngineRegistry::instance().get(node.op->name),
                          .inputs = node.inputs,
                          .outputs = node.outputs,
                          .name = node.name});
  }
  return plan;
}

std::int64_t macs_of(const Plan& plan, const PlanStep& step) {
  if (!step.node || !step.node->op->macs) return 0;
  auto type = [&](ValueId id) {
    const StoredType& t = plan.value(id).type;
    return ValueType{t.dtype, SymShape(t.shape.begin(), t.shape.end())};
  };
  std::vector<ValueType> inputs, outputs;
  std::vector<const ValueType*> in;
  for (ValueId id : step.node->inputs) inputs.push_back(id == kNone ? ValueType{} : type(id));
  for (std::size_t i = 0; i < inputs.size(); ++i) in.push_back(step.node->inputs[i] == kNone ? nullptr : &inputs[i]);
  for (ValueId id : step.outputs) outputs.push_back(type(id));
  return step.node->op->macs(OpContext(*step.node, in, outputs)).value();
}

NodeContext context_of(const Plan& plan, const PlanStep& step, const CompileOptions& options) {
  NodeContext context{.node = *step.node,
                      .inputs = {},
                      .outputs = {},
                      .constants = {},
                      .epilogue = step.epilogue,
                      .epilogues = step.epilogues,
                      .residual_input = step.residual_input,
                      .rounding = step.rounding,
                      .threads = options.threads,
                      .winograd = options.winograd,
                      .bf16 = options.bf16,
                      .int8 = options.int8,
                      .kernels = *options.kernels,
                      .packs = options.packs,
                      .pool = options.pool};
  for (ValueId id : step.inputs) {
    context.inputs.push_back(id == kNone ? std::nullopt : std::optional(plan.value(id).type));
    context.constants.push_back(id == kNone ? nullptr : plan.value(id).constant);
  }
  for (ValueId id : step.outputs) context.outputs.push_back(plan.value(id).type);
  return context;
}

}  // namespace frugal
