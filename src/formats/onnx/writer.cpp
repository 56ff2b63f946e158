#include "formats/onnx/writer.h"

#include <algorithm>

#include "base/check.h"
#include "formats/onnx/onnx.pb.h"
#include "formats/onnx/tensor.h"
#include "graph/op.h"

namespace frugal {
namespace {

constexpr std::size_t kSmall = 256;  // bytes of a constant that is looked for among those written

void write_tensor(const std::string& name, const Tensor& data, onnx::TensorProto& out) {
  out.set_name(name);
  out.set_data_type(static_cast<int>(onnx_type(data.dtype())));
  for (std::int64_t d : data.shape()) out.add_dims(d);
  out.set_raw_data(data.raw(), data.bytes());
}

void write_value(const std::string& name, const ValueType& type, onnx::ValueInfoProto& out) {
  out.set_name(name);
  onnx::TypeProto::Tensor& tensor = *out.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(static_cast<int>(onnx_type(type.dtype)));
  for (const Dim& d : type.shape) {
    onnx::TensorShapeProto::Dimension& dim = *tensor.mutable_shape()->add_dim();
    if (d.fixed())
      dim.set_dim_value(d.value());
    else
      dim.set_dim_param(d.text());
  }
  if (type.shape.empty()) tensor.mutable_shape();
}

struct WriteAttribute {
  onnx::AttributeProto& out;
  void operator()(bool v) const { (*this)(std::int64_t{v}); }
  void operator()(std::int64_t v) const {
    out.set_type(onnx::AttributeProto::INT);
    out.set_i(v);
  }
  void operator()(double v) const {
    out.set_type(onnx::AttributeProto::FLOAT);
    out.set_f(static_cast<float>(v));
  }
  void operator()(const std::string& v) const {
    out.set_type(onnx::AttributeProto::STRING);
    out.set_s(v);
  }
  void operator()(const Ints& v) const {
    out.set_type(onnx::AttributeProto::INTS);
    for (std::int64_t x : v) out.add_ints(x);
  }
  void operator()(const Floats& v) const {
    out.set_type(onnx::AttributeProto::FLOATS);
    for (double x : v) out.add_floats(static_cast<float>(x));
  }
  void operator()(const SymShape& v) const {
    out.set_type(onnx::AttributeProto::STRINGS);
    for (const Dim& d : v) out.add_strings(d.text());
  }
};

void add_opset(onnx::ModelProto& proto, const char* domain, int version) {
  onnx::OperatorSetIdProto& opset = *proto.add_opset_import();
  opset.set_domain(domain);
  opset.set_version(version);
}

// Weights of layers that compute in float32 may be block-quantised or of 16 bits (InputType::weight). ONNX gets the
// floats that they stand for.
std::vector<bool> stored_narrower(const Graph& graph) {
  std::vector<bool> out(graph.values().size());
  for (const Node& node : graph.nodes())
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const InputSpec& spec = node.op->inputs[std::min(i, node.op->inputs.size() - 1)];
      if (node.inputs[i] != kNone && spec.type == InputType::weight)
        out[static_cast<std::size_t>(node.inputs[i])] = true;
    }
  return out;
}

}  // namespace

OnnxWriter::OnnxWriter(const Model& model, onnx::ModelProto& proto)
    : graph_(model.graph), proto_(proto), out_(*proto.mutable_graph()) {
  proto_.set_ir_version(kIrVersion);
  proto_.set_producer_name("frugal");
  add_opset(proto_, "", kOpset);
  for (const auto& [key, value] : model.metadata) {
    onnx::StringStringEntryProto& entry = *proto_.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  out_.set_name(graph_.name().empty() ? "network" : graph_.name());
  name_values();
  for (ValueId id : graph_.inputs()) write_value(graph_.value(id).name, graph_.value(id).type, *out_.add_input());
  const std::vector<bool> floats = stored_narrower(graph_);
  for (std::size_t i = 0; i < graph_.values().size(); ++i) {
    const Value& value = graph_.values()[i];
    if (value.kind != ValueKind::weight) continue;
    const Tensor& weight = model.weights.at(value.name);
    write_tensor(value.name, floats[i] ? weight.to(DType::f32) : weight, *out_.add_initializer());
  }
  for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
    const Value& value = graph_.value(graph_.outputs()[i]);
    write_value(graph_.output_name(i), value.type, *out_.add_output());
  }
}

// ONNX knows an output by the name of its value; ours has a name of its own.
void OnnxWriter::name_values() {
  for (const Value& value : graph_.values()) names_of_.push_back(value.name);
  for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
    const auto id = static_cast<std::size_t>(graph_.outputs()[i]);
    const std::string& wanted = graph_.output_name(i);
    if (graph_.values()[id].kind == ValueKind::node && names_of_[id] == graph_.values()[id].name &&
        graph_.find(wanted) == kNone)
      names_of_[id] = wanted;
  }
  for (ValueId id : graph_.outputs()) names_.insert(names_of_[static_cast<std::size_t>(id)]);
  names_.insert(names_of_.begin(), names_of_.end());
}

void OnnxWriter::finish() {
  for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
    const std::string value = value_name(graph_.outputs()[i]);
    if (value != graph_.output_name(i)) node("Identity", graph_.output_name(i), {value}, {graph_.output_name(i)}, {});
  }
}

void OnnxWriter::node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs,
                      const std::vector<std::string>& outputs, const Attrs& attrs, const char* domain) {
  onnx::NodeProto& node = *out_.add_node();
  node.set_op_type(op);
  node.set_name(name);
  if (*domain) {
    node.set_domain(domain);
    if (!own_domain_) add_opset(proto_, kDomain, 1);
    own_domain_ = true;
  }
  std::size_t used = inputs.size();
  while (used > 0 && inputs[used - 1].empty()) --used;  // absent inputs at the end are left out
  for (std::size_t i = 0; i < used; ++i) node.add_input(inputs[i]);
  for (const std::string& output : outputs) node.add_output(output);
  for (const auto& [key, attr] : attrs) {
    onnx::AttributeProto& out = *node.add_attribute();
    out.set_name(key);
    std::visit(WriteAttribute{out}, attr.value);
  }
}

std::string OnnxWriter::fresh_name(const std::string& stem) {
  std::string name = stem;
  for (int i = 2; !names_.insert(name).second; ++i) name = stem + "_" + std::to_string(i);
  return name;
}

std::string OnnxWriter::constant(const std::string& stem, const Tensor& data) {
  std::string key;
  if (data.bytes() <= kSmall) {
    key = fmt::format("{}[{}]", name(data.dtype()), to_string(data.shape()));
    key.append(static_cast<const char*>(data.raw()), data.bytes());
    if (auto found = constants_.find(key); found != constants_.end()) return found->second;
  }
  const std::string name = fresh_name(stem);
  write_tensor(name, data, *out_.add_initializer());
  if (!key.empty()) constants_.emplace(key, name);
  return name;
}

std::string OnnxWriter::arithmetic(const char* op, const std::string& a, const std::string& b) {
  const std::string result = fresh_name("size");
  node(op, result, {a, b}, {result}, {});
  return result;
}

// A symbol is some dim of some input.
std::string OnnxWriter::symbol(const std::string& name) {
  for (ValueId id : graph_.inputs()) {
    const SymShape& shape = graph_.value(id).type.shape;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (!(shape[i] == Dim::symbol(name))) continue;
      const std::string all = fresh_name(graph_.value(id).name + ".shape");
      node("Shape", all, {graph_.value(id).name}, {all}, {});
      const std::string one = fresh_name(name);
      node("Gather", one, {all, constant("index", Tensor::from<std::int64_t>({1}, {static_cast<std::int64_t>(i)}))},
           {one}, {{"axis", 0}});
      return one;
    }
  }
  fail("the size '{}' is no dim of an input: ONNX cannot compute it", name);
}

std::string OnnxWriter::dim(const Dim& dim) {
  auto number = [&](std::int64_t v) { return constant("number", Tensor::from<std::int64_t>({1}, {v})); };
  if (dim.fixed()) return number(dim.value());
  if (auto found = dims_.find(dim.text()); found != dims_.end()) return found->second;
  std::string sum = dim.constant() != 0 ? number(dim.constant()) : "";
  for (const Dim::Product& product : dim.products()) {
    std::string value = product.coefficient != 1 ? number(product.coefficient) : "";
    for (const Dim::Factor& factor : product.factors) {
      std::string one;
      if (factor.inner)  // sizes are not negative, so that ONNX's division, which truncates, is the floor
        one = arithmetic("Div", this->dim(*factor.inner), number(factor.divisor));
      else
        one = symbol(factor.symbol);
      value = value.empty() ? one : arithmetic("Mul", value, one);
    }
    sum = sum.empty() ? value : arithmetic("Add", sum, value);
  }
  return dims_[dim.text()] = sum;
}

}  // namespace frugal
