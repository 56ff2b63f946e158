#include "engine/program.h"

#include <cstring>

#include "base/check.h"
#include "graph/costs.h"
#include "graph/op.h"

namespace frugal {

Bindings bind_inputs(const Graph& graph, const std::vector<Shape>& shapes) {
  Bindings bindings;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    const SymShape& wanted = value.type.shape;
    bool fits = wanted.size() == shapes[i].size();
    for (std::size_t d = 0; fits && d < wanted.size(); ++d) {
      if (!wanted[d].fixed()) bindings.try_emplace(wanted[d].text(), shapes[i][d]);
      fits = wanted[d].bind(bindings) == Dim(shapes[i][d]);
    }
    require(fits, "input '{}' must have shape [{}], not {}", value.name, to_string(wanted), to_string(shapes[i]));
  }
  return bindings;
}

Program::Program(const Model& model, const std::vector<Shape>& input_shapes, const SessionOptions& options, int threads) {
  const Graph& graph = model.graph;
  std::vector<ValueType> types = infer_types(graph, bind_inputs(graph, input_shapes));
  inputs_.assign(graph.inputs().begin(), graph.inputs().end());
  outputs_.assign(graph.outputs().begin(), graph.outputs().end());

  auto stored = [&](ValueId id) {
    const ValueType& t = types[static_cast<std::size_t>(id)];
    return StoredType{t.dtype, fixed_shape(t.shape), 1};
  };
  values_.resize(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const Value& value = graph.values()[i];
    if (value.kind == ValueKind::weight) values_[i] = model.weights.at(value.name);
    else values_[i] = Tensor(types[i].dtype, fixed_shape(types[i].shape));
  }
  std::size_t scratch = 0;
  for (const Node& node : graph.nodes()) {
    const EngineOp& op = EngineRegistry::instance().get(node.op->name);
    if (op.view) {
      values_[static_cast<std::size_t>(node.outputs[0])] =
          values_[static_cast<std::size_t>(node.inputs[0])].reshape(stored(node.outputs[0]).shape);
      continue;
    }
    NodeContext context{.node = node, .inputs = {}, .outputs = {}, .constants = {}, .threads = threads, .winograd = options.winograd,
                        .kernels = options.isa.empty() ? active_kernels() : kernels(isa_from_name(options.isa))};
    Step step;
    for (ValueId id : node.inputs) {
      context.inputs.push_back(id == kNone ? std::nullopt : std::optional(stored(id)));
      bool constant = id != kNone && graph.value(id).kind == ValueKind::weight;
      context.constants.push_back(constant ? &values_[static_cast<std::size_t>(id)] : nullptr);
      step.in.push_back(id == kNone ? nullptr : values_[static_cast<std::size_t>(id)].raw());
    }
    for (ValueId id : node.outputs) {
      context.outputs.push_back(stored(id));
      step.out.push_back(values_[static_cast<std::size_t>(id)].raw());
    }
    step.op = op.compile(context);
    scratch = std::max(scratch, step.op.scratch_bytes);
    packed_bytes_ += step.op.packed_bytes;
    steps_.push_back(std::move(step));
  }
  scratch_ = Tensor(DType::u8, {static_cast<std::int64_t>(scratch)});
}

void Program::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, ThreadPool& pool) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor& into = values_[static_cast<std::size_t>(inputs_[i])];
    std::memcpy(into.raw(), inputs[i].raw(), into.bytes());
  }
  for (Step& step : steps_) step.op.run({step.in, step.out, static_cast<std::byte*>(scratch_.raw()), pool});
  outputs.resize(outputs_.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& from = values_[static_cast<std::size_t>(outputs_[i])];
    if (!outputs[i].defined() || outputs[i].dtype() != from.dtype() || outputs[i].shape() != from.shape())
      outputs[i] = Tensor(from.dtype(), from.shape());
    std::memcpy(outputs[i].raw(), from.raw(), from.bytes());
  }
}

}  // namespace frugal
