#include "formats/onnx/form.h"

#include "base/check.h"
#include "formats/onnx/writer.h"
#include "graph/op.h"

namespace frugal {

std::string OnnxNode::in(std::size_t i) const { return has(i) ? writer_.value_name(node_.inputs[i]) : ""; }

std::vector<std::string> OnnxNode::inputs() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < input_count(); ++i) names.push_back(in(i));
  return names;
}

std::string OnnxNode::out(std::size_t i) const { return writer_.value_name(node_.outputs[i]); }
const ValueType& OnnxNode::type(std::size_t i) const { return graph_.value(node_.inputs[i]).type; }
const ValueType& OnnxNode::out_type(std::size_t i) const { return graph_.value(node_.outputs[i]).type; }

void OnnxNode::emit(const std::string& op, std::vector<std::string> inputs, Attrs attrs) const {
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < node_.outputs.size(); ++i) outputs.push_back(out(i));
  writer_.node(op, node_.name, inputs, outputs, attrs);
}

void OnnxNode::emit_output(std::size_t i, const std::string& op, std::vector<std::string> inputs, Attrs attrs) const {
  writer_.node(op, i == 0 ? node_.name : writer_.fresh_name(node_.name + "." + op), inputs, {out(i)}, attrs);
}

std::string OnnxNode::step(const std::string& op, std::vector<std::string> inputs, Attrs attrs) const {
  const std::string name = writer_.fresh_name(node_.name + "." + op);
  writer_.node(op, name, inputs, {name}, attrs);
  return name;
}

std::string OnnxNode::ints(const Ints& values) const {
  return tensor(Tensor::from<std::int64_t>({static_cast<std::int64_t>(values.size())}, values));
}

std::string OnnxNode::number(double value) const { return tensor(Tensor::scalar(value).to(type(0).dtype)); }
std::string OnnxNode::tensor(Tensor data) const { return writer_.constant(node_.name + ".constant", data); }

std::string OnnxNode::dims(const SymShape& shape) const {
  if (fixed(shape)) return ints(fixed_shape(shape));
  try {
    std::vector<std::string> parts;
    for (const Dim& d : shape) parts.push_back(writer_.dim(d));
    return parts.size() == 1 ? parts[0] : step("Concat", parts, {{"axis", 0}});
  } catch (const Error& e) {
    refuse(e.what());
  }
}

void OnnxNode::refuse(const std::string& why) const {
  fail("node '{}' ({}) cannot be written as ONNX: {}", node_.name, node_.op->name, why);
}

const OnnxForms& OnnxForms::instance() {
  static const OnnxForms forms = [] {
    OnnxForms f;
    add_elementwise_forms(f);
    add_layer_forms(f);
    add_shape_forms(f);
    return f;
  }();
  return forms;
}

const OnnxForm* OnnxForms::find(const std::string& op) const {
  auto found = forms_.find(op);
  return found == forms_.end() ? nullptr : &found->second;
}

void OnnxForms::rename(const std::string& op, const std::string& onnx_op,
                       const std::vector<std::pair<std::string, std::string>>& attributes) {
  add(op, [onnx_op, attributes](const OnnxNode& n) {
    Attrs attrs;
    for (const auto& [ours, theirs] : attributes) attrs[theirs] = attribute(n.node(), ours);
    n.emit(onnx_op, n.inputs(), attrs);
  });
}

}  // namespace frugal
