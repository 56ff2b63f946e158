#include "train/interpreter.h"

#include <cstring>

#include "base/check.h"
#include "engine/program.h"
#include "graph/op.h"

namespace frugal {

torch::ScalarType torch_dtype(DType dtype) {
  switch (dtype) {
    case DType::f32: return torch::kFloat32;
    case DType::f64: return torch::kFloat64;
    case DType::f16: return torch::kFloat16;
    case DType::bf16: return torch::kBFloat16;
    case DType::i8: return torch::kInt8;
    case DType::u8: return torch::kUInt8;
    case DType::i16: return torch::kInt16;
    case DType::i32: return torch::kInt32;
    case DType::i64: return torch::kInt64;
    case DType::boolean: return torch::kBool;
    default: break;
  }
  fail("LibTorch has no type for {}", name(dtype));
}

torch::Tensor to_torch(const Tensor& t) {
  torch::Tensor out = torch::empty(t.shape(), torch_dtype(t.dtype()));
  if (t.bytes()) std::memcpy(out.data_ptr(), t.raw(), t.bytes());
  return out;
}

Tensor from_torch(const torch::Tensor& tensor) {
  torch::Tensor t = tensor.detach().to(torch::kCPU).contiguous();
  for (DType d : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::u8, DType::i16, DType::i32,
                  DType::i64, DType::boolean})
    if (torch_dtype(d) == t.scalar_type()) return tensor_from_bytes(d, t.sizes().vec(), t.data_ptr(), t.nbytes());
  fail("a LibTorch tensor of type {} has no counterpart here", torch::toString(t.scalar_type()));
}

TorchRegistry& TorchRegistry::instance() {
  static TorchRegistry* registry = [] {
    auto* r = new TorchRegistry;
    register_all_torch(*r);
    return r;
  }();
  return *registry;
}

void TorchRegistry::add(const std::string& op, TorchOp forward) {
  FRUGAL_ASSERT(ops_.emplace(op, std::move(forward)).second);
}

const TorchOp& TorchRegistry::get(std::string_view op) const {
  auto found = ops_.find(std::string(op));
  if (found == ops_.end()) fail("the op '{}' has no training form", op);
  return found->second;
}

static Bindings bindings_of(const Graph& graph, const std::vector<torch::Tensor>& inputs) {
  std::vector<Shape> shapes;
  for (const torch::Tensor& t : inputs) shapes.push_back(t.sizes().vec());
  return bind_inputs(graph, shapes);
}

Interpreter::Interpreter(const Graph& graph, const Weights& weights, torch::Device device, torch::ScalarType precision)
    : graph_(graph), device_(device) {
  for (const Value& value : graph.values()) {
    if (value.kind != ValueKind::weight) continue;
    auto found = weights.find(value.name);
    require(found != weights.end(), "the weight '{}' of network '{}' is missing", value.name, graph.name());
    require(found->second.shape() == fixed_shape(value.type.shape), "the weight '{}' has shape {}, not [{}]",
            value.name, to_string(found->second.shape()), to_string(value.type.shape));
    const bool blocks = dtype_info(found->second.dtype()).blocks();
    torch::Tensor t = to_torch(blocks ? found->second.to(DType::f32) : found->second).to(device);
    if (t.is_floating_point()) t = t.to(precision);
    weights_[value.name] = t.set_requires_grad(value.role == WeightRole::parameter && t.is_floating_point());
  }
  std::vector<std::size_t> last_use(graph.values().size(), SIZE_MAX);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    symbolic_ = symbolic_ || bound_node(node, {});
    plan_.push_back({&node, &TorchRegistry::instance().get(node.op->name), {}});
    for (ValueId id : node.inputs)
      if (id != kNone) last_use[static_cast<std::size_t>(id)] = i;
  }
  for (ValueId id : graph.outputs()) last_use[static_cast<std::size_t>(id)] = SIZE_MAX;
  for (std::size_t v = 0; v < last_use.size(); ++v)
    if (last_use[v] != SIZE_MAX) plan_[last_use[v]].dead.push_back(static_cast<ValueId>(v));
}

void Interpreter::replace_node(const std::string& node_name, TorchOp op) {
  for (PlannedNode& planned : plan_)
    if (planned.node->name == node_name) {
      planned.op = &(replaced_[node_name] = std::move(op));
      return;
    }
  fail("network '{}' has no node '{}'", graph_.name(), node_name);
}

std::vector<torch::Tensor> Interpreter::forward(const std::vector<torch::Tensor>& inputs, bool training,
                                                std::map<std::string, torch::Tensor>* taps) {
  require(inputs.size() == graph_.inputs().size(), "network '{}' takes {} inputs, not {}", graph_.name(),
          graph_.inputs().size(), inputs.size());
  std::vector<torch::Tensor> values(graph_.values().size());
  auto at = [&](ValueId id) -> torch::Tensor& { return values[static_cast<std::size_t>(id)]; };
  for (std::size_t i = 0; i < inputs.size(); ++i) at(graph_.inputs()[i]) = inputs[i];
  for (std::size_t i = 0; i < values.size(); ++i)
    if (graph_.values()[i].kind == ValueKind::weight) values[i] = weights_.at(graph_.values()[i].name);
  std::vector<torch::Tensor> in;
  const Bindings bindings = symbolic_ ? bindings_of(graph_, inputs) : Bindings{};
  for (const PlannedNode& planned : plan_) {
    in.clear();
    for (ValueId id : planned.node->inputs) in.push_back(id == kNone ? torch::Tensor() : at(id));
    const std::optional<Node> bound = symbolic_ ? bound_node(*planned.node, bindings) : std::nullopt;
    std::vector<torch::Tensor> out = (*planned.op)({bound ? *bound : *planned.node, in, training});
    FRUGAL_ASSERT(out.size() == planned.node->outputs.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      at(planned.node->outputs[i]) = out[i];
      if (taps)
        if (auto tap = taps->find(graph_.value(planned.node->outputs[i]).name); tap != taps->end())
          tap->second = out[i];
    }
    for (ValueId id : planned.dead) at(id) = torch::Tensor();
  }
  std::vector<torch::Tensor> outputs;
  for (ValueId id : graph_.outputs()) outputs.push_back(at(id));
  return outputs;
}

std::vector<std::string> Interpreter::parameter_names() const {
  std::vector<std::string> names;
  for (const Value& value : graph_.values())
    if (value.kind == ValueKind::weight && value.role == WeightRole::parameter) names.push_back(value.name);
  return names;
}

std::vector<torch::Tensor> Interpreter::parameters() const {
  std::vector<torch::Tensor> out;
  for (const std::string& name : parameter_names()) out.push_back(weights_.at(name));
  return out;
}

Weights Interpreter::export_weights() const {
  Weights out;
  for (const auto& [name, tensor] : weights_)
    out.emplace(name, from_torch(tensor.is_floating_point() ? tensor.to(torch::kFloat32) : tensor));
  return out;
}

}  // namespace frugal
