#include "frugal/graph.h"

#include "graph/op.h"
#include "graph/schema.h"

namespace frugal {

std::string to_string(const ValueType& type) { return fmt::format("{}[{}]", name(type.dtype), to_string(type.shape)); }

namespace {

// Far above any network, and low enough that a dim times any attribute (at most 2^24) fits 64 bits.
constexpr std::int64_t kMaxDim = std::int64_t{1} << 38;
constexpr std::size_t kMaxOutputs = 4'096;

}  // namespace

ValueId Graph::add_value(Value value) {
  require(!value.name.empty() && value.name.size() <= 1024, "a value needs a name of 1 to 1024 characters");
  require(!by_name_.contains(value.name), "graph '{}' already has a value '{}'", name_, value.name);
  require(value.type.shape.size() <= kMaxRank, "value '{}' has more than {} dims", value.name, kMaxRank);
  for (const Dim& d : value.type.shape)
    require(!d.fixed() || d.value() <= kMaxDim, "value '{}' has a dim in [{}] above {}", value.name,
            to_string(value.type.shape), kMaxDim);
  auto id = static_cast<ValueId>(values_.size());
  by_name_.emplace(value.name, id);
  values_.push_back(std::move(value));
  return id;
}

ValueId Graph::add_input(const std::string& name, ValueType type) {
  for (const Dim& d : type.shape)
    require(!d.fixed() || d.value() >= 0, "input '{}' has a negative dim in [{}]", name, to_string(type.shape));
  ValueId id = add_value({.name = name, .type = std::move(type), .kind = ValueKind::input, .init = {}});
  inputs_.push_back(id);
  return id;
}

ValueId Graph::add_weight(const std::string& name, DType dtype, Shape shape, WeightRole role, Init init) {
  element_count(shape);  // refuses negative dims and overflow
  return add_value({.name = name,
                    .type = {dtype, SymShape(shape.begin(), shape.end())},
                    .kind = ValueKind::weight,
                    .role = role,
                    .init = init});
}

static bool fits(InputType wanted, DType dtype) {
  const bool floating = dtype == DType::f32 || dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16;
  if (dtype_info(dtype).blocks()) return wanted == InputType::weight;  // ops count in whole elements
  const bool boolean = dtype == DType::boolean, integer = !floating && !boolean;
  switch (wanted) {
    case InputType::real: return dtype == DType::f32;
    case InputType::index: return dtype == DType::i32 || dtype == DType::i64;
    case InputType::floating: return floating;
    case InputType::integer: return integer;
    case InputType::number: return !boolean;
    case InputType::boolean: return boolean;
    case InputType::bits: return !floating;
    case InputType::any: return true;
    case InputType::weight: return floating;
  }
  return false;
}

static void check_type(const Node& node, const InputSpec& spec, DType dtype) {
  constexpr std::string_view names[] = {"float32",
                                        "int32 or int64",
                                        "of a floating type",
                                        "an integer type",
                                        "a number",
                                        "bool",
                                        "an integer type or bool",
                                        "anything but block-quantised",
                                        "of a floating or a block-quantised type"};
  require(fits(spec.type, dtype), "node '{}' ({}): input '{}' must be {}, not {}", node.name, node.op->name, spec.name,
          names[static_cast<std::size_t>(spec.type)], frugal::name(dtype));
}

std::vector<ValueId> Graph::add_node(std::string_view op_name, const std::string& name, std::vector<ValueId> inputs,
                                     Attrs attrs) {
  const OpDef& op = OpRegistry::instance().get(op_name);
  require(!name.empty() && !node_by_name_.contains(name), "graph '{}' already has a node '{}'", name_, name);
  Node node{.name = name,
            .op = &op,
            .inputs = std::move(inputs),
            .outputs = {},
            .attrs = complete_attributes(op, name, std::move(attrs))};

  bool variadic = !op.inputs.empty() && op.inputs.back().variadic;
  require(node.inputs.size() <= op.inputs.size() || variadic, "node '{}' ({}) takes at most {} inputs, not {}", name,
          op.name, op.inputs.size(), node.inputs.size());
  if (!variadic) node.inputs.resize(op.inputs.size(), kNone);
  require(node.inputs.size() >= op.inputs.size(), "node '{}' ({}) needs at least {} inputs", name, op.name,
          op.inputs.size());
  std::vector<const ValueType*> types;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const InputSpec& spec = op.inputs[std::min(i, op.inputs.size() - 1)];
    ValueId id = node.inputs[i];
    require(id >= kNone && id < static_cast<ValueId>(values_.size()),
            "node '{}' ({}): input '{}' refers to a value that does not exist", name, op.name, spec.name);
    require(id != kNone || spec.optional, "node '{}' ({}): input '{}' is missing", name, op.name, spec.name);
    types.push_back(id == kNone ? nullptr : &values_[static_cast<std::size_t>(id)].type);
    if (id != kNone) check_type(node, spec, types.back()->dtype);
  }
  std::vector<ValueType> results = op.infer(OpContext(node, types));
  auto id = static_cast<NodeId>(nodes_.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (const Dim& d : results[i].shape)
      require(!d.fixed() || d.value() >= 0, "node '{}' ({}): the output would have shape [{}]", name, op.name,
              to_string(results[i].shape));
    node.outputs.push_back(add_value({.name = results.size() == 1 ? name : name + ":" + std::to_string(i),
                                      .type = std::move(results[i]),
                                      .kind = ValueKind::node,
                                      .producer = id,
                                      .init = {}}));
  }
  node_by_name_.emplace(name, id);
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

void Graph::add_output(ValueId value, const std::string& name) {
  require(value >= 0 && value < static_cast<ValueId>(values_.size()),
          "output '{}' refers to a value that does not exist", name);
  require(outputs_.size() < kMaxOutputs, "graph '{}' has more than {} outputs", name_, kMaxOutputs);
  for (const std::string& other : output_names_)
    require(other != name, "graph '{}' already has an output '{}'", name_, name);
  outputs_.push_back(value);
  output_names_.push_back(name);
}

ValueId Graph::find(std::string_view value_name) const {
  auto found = by_name_.find(std::string(value_name));
  return found == by_name_.end() ? kNone : found->second;
}

std::string Graph::fresh_name(const std::string& stem) const {
  std::string name = stem;
  for (int i = 2; by_name_.contains(name) || node_by_name_.contains(name); ++i) name = stem + "_" + std::to_string(i);
  return name;
}

}  // namespace frugal
