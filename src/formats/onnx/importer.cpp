#include "formats/onnx/importer.h"

#include <algorithm>

#include "base/text.h"
#include "formats/onnx/tensor.h"
#include "graph/verify.h"

namespace frugal::onnx_import {
namespace {

constexpr std::int64_t kOldestOpset = 7, kNewestOpset = 27;
constexpr std::size_t kMostNodes = 200'000, kMostDepth = 32, kMostNamed = 50;

// A symbol that can stand in the text of a dim: letters, digits, "_", "." and "#".
std::string symbol_name(const std::string& wanted, const std::string& unnamed) {
  // "?" names nothing: such dims need not be equal.
  const bool named = std::any_of(wanted.begin(), wanted.end(), [](unsigned char c) { return std::isalnum(c); });
  const std::string& name = named ? wanted : unnamed;
  std::string out;
  for (char c : name.substr(0, 64))
    out += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ? c : '_';
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out[0]))) out.insert(0, "_");
  return out == "floor" ? "floor_" : out;
}

// Why there can be no tensor of this type; empty where there can.
std::string unsupported_type(std::int64_t data_type) {
  try {
    dtype_from_onnx(data_type);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

// One level of subgraphs and functions.
struct Deeper {
  explicit Deeper(ImportNode& node) : depth(node.importer().depth) {
    node.require(depth < kMostDepth, "subgraphs or functions are nested too deeply");
    ++depth;
  }
  ~Deeper() { --depth; }
  Deeper(const Deeper&) = delete;
  std::size_t& depth;
};

bool default_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

}  // namespace

Binding* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope; scope = scope->outer)
    if (auto found = scope->names.find(name); found != scope->names.end()) return found->second.get();
  return nullptr;
}

Importer::Importer(onnx::ModelProto& proto, ModelFolder& folder, const OnnxOptions& options)
    : proto_(proto), folder_(folder), options_(options) {
  for (auto add : {add_elementwise, add_shapes, add_gathers, add_linear, add_convolutions, add_pools, add_norms,
                   add_reductions, add_resize, add_recurrent, add_quantised, add_einsum, add_loops})
    add(table_);
}

void Importer::read_opsets() {
  for (const auto& set : proto_.opset_import())
    if (default_domain(set.domain())) opset_ = set.version();
  require(proto_.opset_import_size() > 0, "the file does not say its opset");
  if (opset_ == 0) opset_ = kNewestOpset;  // all its nodes are of other domains
  if (opset_ < kOldestOpset || opset_ > kNewestOpset)
    refused_.push_back(
        {"opset", std::to_string(opset_), fmt::format("known are {} to {}", kOldestOpset, kNewestOpset)});
}

std::string Importer::unique(const std::string& name) {
  std::string out = name;
  auto used = [&] { return taken_.contains(out) || model_.graph.fresh_name(out) != out; };
  for (int& i = numbers_.try_emplace(name, 1).first->second; used(); out = name + "_" + std::to_string(i)) ++i;
  return out;
}

Tensor Importer::tensor(const onnx::TensorProto& proto) {
  onnx::TensorProto copy(proto);
  return tensor_from_onnx(copy, folder_);
}

void Importer::add_initialisers(Scope& scope, onnx::GraphProto& graph) {
  auto add = [&](const std::string& name, Tensor data) {
    require(!name.empty() && name.size() <= 1024, "an initialiser has no name, or one above 1024 characters");
    auto binding = std::make_shared<Binding>();
    binding->role = data.dtype() == DType::f32 ? WeightRole::parameter : WeightRole::constant;
    binding->data = std::move(data);
    require(scope.names.emplace(name, std::move(binding)).second, "there are two initialisers '{}'", name);
  };
  for (auto& proto : *graph.mutable_initializer()) {
    std::string name = proto.name();
    if (std::string reason = unsupported_type(proto.data_type()); !reason.empty()) {
      refused_.push_back({"initializer", name, reason});
      scope.names[name] = std::make_shared<Binding>();
      scope.names[name]->failed = true;
      continue;
    }
    add(name, tensor_from_onnx(proto, folder_));
  }
  for (auto& proto : *graph.mutable_sparse_initializer()) {
    std::string name = proto.values().name();
    add(name, tensor_from_onnx(proto, folder_));
  }
}

namespace {

// The shape of an input as the file has it; sizes that `given` fixes go into `sizes`.
SymShape input_shape(const onnx::ValueInfoProto& info, const Shape* given, Bindings& sizes) {
  const std::string& name = info.name();
  const auto& type = info.type().tensor_type();
  require(type.has_shape() || given, "input '{}' has no shape in the file: give it one (--shape {}=...)", name, name);
  if (!type.has_shape()) return SymShape(given->begin(), given->end());
  SymShape shape;
  for (int i = 0; i < type.shape().dim_size(); ++i) {
    const auto& dim = type.shape().dim(i);
    if (dim.value_case() == onnx::TensorShapeProto::Dimension::kDimValue && dim.dim_value() >= 0)
      shape.emplace_back(dim.dim_value());
    else
      shape.push_back(Dim::symbol(symbol_name(dim.dim_param(), name + "_" + std::to_string(i))));
  }
  if (!given) return shape;
  bool fits = given->size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) {
    fits = !shape[i].fixed() || shape[i].value() == (*given)[i];
    if (!shape[i].fixed()) sizes[shape[i].text()] = (*given)[i];
  }
  require(fits, "input '{}' has shape [{}] in the file, not {}", name, to_string(shape), to_string(*given));
  return shape;
}

// Data that take the place of an input.
std::shared_ptr<Binding> bound_constant(const Tensor& data) {
  auto binding = std::make_shared<Binding>();
  binding->data = data;
  if (can_be_known(data)) binding->known = known_from(data);
  return binding;
}

}  // namespace

void Importer::add_inputs(Scope& scope) {
  std::map<std::string, Shape> shapes = options_.shapes;
  std::vector<std::string> names;
  std::vector<std::pair<std::string, ValueType>> inputs;
  Bindings sizes;
  for (const auto& info : proto_.graph().input()) {
    const std::string& name = info.name();
    if (scope.names.contains(name)) continue;  // before IR 4 initialisers were inputs too
    names.push_back(name);
    const std::int64_t type = info.type().tensor_type().elem_type();
    std::string reason = info.type().has_tensor_type() ? unsupported_type(type) : "it is no tensor";
    if (!reason.empty()) {
      refused_.push_back({"input", name, reason});
      scope.names[name] = std::make_shared<Binding>();
      scope.names[name]->failed = true;
    } else if (auto fixed = options_.constants.find(name); fixed != options_.constants.end()) {
      scope.names[name] = bound_constant(fixed->second);
    } else {
      auto given = shapes.extract(name);
      inputs.push_back({name, {dtype_from_onnx(type), input_shape(info, given ? &given.mapped() : nullptr, sizes)}});
    }
  }
  if (!shapes.empty()) fail("there is no input '{}'; the inputs are {}", shapes.begin()->first, join(names, ", "));
  for (auto& [name, type] : inputs) type.shape = frugal::bind(type.shape, sizes);  // fixed by one, fixed in all
  declare_inputs(scope, inputs);
}

// Inputs of our graph; those of two-byte floats are widened at once. What stays open goes into the advice.
void Importer::declare_inputs(Scope& scope, const std::vector<std::pair<std::string, ValueType>>& inputs) {
  std::vector<std::string> open;
  std::vector<ValueId> ids;
  for (const auto& [name, type] : inputs) {
    ids.push_back(model_.graph.add_input(name, type));
    if (!fixed(type.shape)) open.push_back("--shape " + name + "=SIZES (now [" + to_string(type.shape) + "])");
  }
  advice_ = open.empty() ? "" : "fix the sizes of the input: " + join(open, " or ");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& [name, type] = inputs[i];
    auto binding = std::make_shared<Binding>();
    binding->id = ids[i];
    if (type.dtype == DType::f16 || type.dtype == DType::bf16)
      binding->id = model_.graph.add_node("cast", unique(name + "/float32"), {ids[i]}, {{"to", "float32"}})[0];
    scope.names[name] = std::move(binding);
  }
}

ValueId Importer::add_weight(const std::string& name, Tensor data, WeightRole role) {
  ValueId id = model_.graph.add_weight(name, data.dtype(), data.shape(), role);
  model_.weights.insert_or_assign(name, std::move(data));
  return id;
}

const Tensor* Importer::weight(ValueId id) const {
  if (id == kNone || model_.graph.value(id).kind != ValueKind::weight) return nullptr;
  return &model_.weights.find(model_.graph.value(id).name)->second;
}

void Importer::set_role(Scope& scope, const std::string& name, WeightRole role) {
  Binding& binding = lookup(scope, name);
  if (binding.id == kNone) binding.role = role;
}

Binding& Importer::lookup(Scope& scope, const std::string& name) {
  Binding* binding = scope.find(name);
  if (!binding) throw Refusal{"it uses '" + name + "', which no node makes"};
  return *binding;
}

ValueId Importer::materialise(const std::string& name, Binding& binding) {
  if (binding.id != kNone) return binding.id;
  if (!binding.data.defined()) {
    try {
      binding.data = tensor_from(*binding.known);
    } catch (const DependsOnSize& e) {
      throw Refusal{"it computes with the size '" + e.text + "' itself" + (advice_.empty() ? "" : "; " + advice_)};
    }
  }
  bool free = model_.graph.fresh_name(name) == name;
  return binding.id = add_weight(free ? name : unique(name), binding.data, binding.role);
}

void Importer::poison(Scope& scope, const onnx::NodeProto& node) {
  for (const std::string& name : node.output()) {
    if (name.empty()) continue;
    auto binding = std::make_shared<Binding>();
    binding->failed = true;
    scope.names[name] = std::move(binding);
  }
}

void Importer::import_node(Scope& scope, const onnx::NodeProto& proto) {
  require(++node_count_ <= kMostNodes, "it has more than {} nodes", kMostNodes);
  ImportNode node(*this, scope, proto, opset_);
  for (const std::string& name : proto.input())
    if (!name.empty())
      if (Binding* binding = scope.find(name); binding && binding->failed) {
        // Its own op is still named where nobody knows it.
        if (default_domain(proto.domain()) && !table_.contains(proto.op_type()) && !evaluable(proto.op_type()))
          refused_.push_back({proto.op_type(), node.label(), "there is no such op here"});
        return poison(scope, proto);
      }
  std::string reason;
  try {
    convert(node);
    return;
  } catch (const Refusal& refusal) {
    reason = refusal.reason;
  } catch (const DependsOnSize& e) {
    reason = "its result depends on '" + e.text + "'" + (advice_.empty() ? "" : "; " + advice_);
  } catch (const OnnxUnsupported&) {
    throw;
  } catch (const Error& e) {
    reason = e.what();
  }
  refused_.push_back({proto.op_type(), node.label(), reason});
  poison(scope, proto);
}

void Importer::convert(ImportNode& node) {
  const onnx::NodeProto& proto = node.proto();
  node.require(proto.output_size() <= 64 && proto.input_size() <= 4096, "it has too many inputs or outputs");
  if (inline_function(node)) return;
  if (proto.domain() == "frugal") return convert_own(node);
  if (proto.domain() == "com.microsoft") {
    auto found = table_.find(proto.domain() + ":" + proto.op_type());
    node.require(found != table_.end(), "there is no op {} of the domain {} here", proto.op_type(), proto.domain());
    return found->second(node);
  }
  node.require(default_domain(proto.domain()), "the domain {} is not known here", proto.domain());
  if (evaluate(node)) return;
  auto found = table_.find(proto.op_type());
  node.require(
      found != table_.end(), "{}",
      evaluable(proto.op_type()) ? "it works on data that are only known at run time" : "there is no such op here");
  found->second(node);
}

void Importer::import_nodes(Scope& scope, const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes) {
  for (const onnx::NodeProto& node : nodes) import_node(scope, node);
}

Subgraph::Subgraph(ImportNode& node, const onnx::GraphProto& graph)
    : node_(node), graph_(graph), constants_(std::make_unique<Scope>()) {
  constants_->outer = &node.scope();
  onnx::GraphProto copy(graph);
  node.importer().add_initialisers(*constants_, copy);
}

std::vector<std::shared_ptr<Binding>> Subgraph::import(const std::vector<std::shared_ptr<Binding>>& inputs) const {
  Importer& importer = node_.importer();
  const Deeper deeper(node_);
  Scope inner;
  inner.outer = constants_.get();
  for (std::size_t i = 0; i < inputs.size(); ++i) inner.names[graph_.input(static_cast<int>(i)).name()] = inputs[i];
  importer.import_nodes(inner, graph_.node());
  std::vector<std::shared_ptr<Binding>> out;
  for (const auto& info : graph_.output()) {
    Binding* found = inner.find(info.name());
    node_.require(found && !found->failed, "its subgraph could not be imported");
    out.push_back(std::make_shared<Binding>(*found));
  }
  return out;
}

// Functions of the model's own: their nodes, with attributes filled in, in a scope of their own.
bool Importer::inline_function(ImportNode& node) {
  const onnx::NodeProto& call = node.proto();
  for (const onnx::FunctionProto& function : proto_.functions()) {
    if (function.name() != call.op_type() || function.domain() != call.domain()) continue;
    const Deeper deeper(node);
    Scope inner;
    for (int i = 0; i < std::min(function.input_size(), call.input_size()); ++i)
      if (!call.input(i).empty())
        if (Binding* binding = node.scope().find(call.input(i)))
          inner.names[function.input(i)] = std::shared_ptr<Binding>(std::shared_ptr<void>(), binding);
    for (onnx::NodeProto body : function.node()) {
      for (int i = body.attribute_size(); i-- > 0;) {
        const std::string wanted = body.attribute(i).ref_attr_name();
        if (wanted.empty()) continue;
        const onnx::AttributeProto* given = node.find(wanted);
        for (const auto& fallback : function.attribute_proto())
          if (!given && fallback.name() == wanted) given = &fallback;
        std::string name = body.attribute(i).name();
        if (given) {
          *body.mutable_attribute(i) = *given;
          body.mutable_attribute(i)->set_name(name);
        } else {
          body.mutable_attribute()->DeleteSubrange(i, 1);
        }
      }
      import_node(inner, body);
    }
    for (int i = 0; i < std::min(call.output_size(), function.output_size()); ++i) {
      Binding* found = inner.find(function.output(i));
      node.require(found && !found->failed, "the function could not be imported");
      if (!call.output(i).empty()) node.scope().names[call.output(i)] = std::make_shared<Binding>(*found);
    }
    return true;
  }
  return false;
}

void Importer::add_outputs(Scope& scope) {
  for (const auto& info : proto_.graph().output()) {
    Binding* binding = scope.find(info.name());
    require(binding != nullptr, "the output '{}' is made by no node", info.name());
    if (binding->failed) continue;
    try {
      ValueId id = materialise(info.name(), *binding);
      std::int64_t wanted = info.type().tensor_type().elem_type();
      if ((wanted == onnx::TensorProto::FLOAT16 || wanted == onnx::TensorProto::BFLOAT16) &&
          model_.graph.value(id).type.dtype == DType::f32) {
        std::string to(name(dtype_from_onnx(wanted)));
        id = model_.graph.add_node("cast", unique(info.name() + "/" + to), {id}, {{"to", to}})[0];
      }
      model_.graph.add_output(id, info.name());
    } catch (const Refusal& refusal) {
      refused_.push_back({"output", info.name(), refusal.reason});
    } catch (const Error& e) {
      refused_.push_back({"output", info.name(), e.what()});
    }
  }
}

Model Importer::run() {
  require(proto_.has_graph(), "it holds no graph");
  read_opsets();
  onnx::GraphProto& graph = *proto_.mutable_graph();
  require(graph.output_size() > 0, "the graph has no output");
  model_.graph.set_name(graph.name().empty() ? "onnx" : graph.name().substr(0, 200));
  for (const auto& node : graph.node())
    for (const std::string& name : node.output()) taken_.insert(name);
  for (const auto& info : graph.input()) taken_.insert(info.name());
  for (const auto& tensor : graph.initializer()) taken_.insert(tensor.name());
  Scope scope;
  add_initialisers(scope, graph);
  add_inputs(scope);
  import_nodes(scope, graph.node());
  add_outputs(scope);
  if (!refused_.empty()) {
    std::string message = fmt::format("{} of its nodes are not supported", refused_.size());
    for (std::size_t i = 0; i < std::min(refused_.size(), kMostNamed); ++i)
      message += fmt::format("\n  {} '{}': {}", refused_[i].op, refused_[i].node, refused_[i].reason);
    if (refused_.size() > kMostNamed) message += fmt::format("\n  and {} more", refused_.size() - kMostNamed);
    throw OnnxUnsupported(message, refused_);
  }
  return std::move(model_);
}

}  // namespace frugal::onnx_import
