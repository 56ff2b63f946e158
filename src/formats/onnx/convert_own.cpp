// Ops of our own, as OnnxWriter writes them.
#include "formats/onnx/importer.h"

namespace frugal::onnx_import {
namespace {

Attr attribute_of(const onnx::AttributeProto& from, AttrType type) {
  switch (type) {
    case AttrType::boolean: return from.i() != 0;
    case AttrType::integer: return from.i();
    case AttrType::real: return static_cast<double>(from.f());
    case AttrType::text: return from.s();
    case AttrType::reals: return Floats(from.floats().begin(), from.floats().end());
    case AttrType::integers: return Ints(from.ints().begin(), from.ints().end());
    case AttrType::dims: break;
  }
  SymShape dims(from.ints().begin(), from.ints().end());
  for (const std::string& text : from.strings()) dims.push_back(Dim::parse(text));
  return dims;
}

}  // namespace

void convert_own(ImportNode& n) {
  const OpDef* op = OpRegistry::instance().find(n.op_type());
  n.require(op != nullptr, "this build has no op '{}'", n.op_type());
  Attrs attrs;
  for (const AttrSpec& spec : op->attrs)
    if (const onnx::AttributeProto* found = n.find(spec.name)) attrs[spec.name] = attribute_of(*found, spec.type);
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < n.input_count(); ++i) inputs.push_back(n.optional_in(i));
  n.result(op->name, std::move(inputs), std::move(attrs));
}

}  // namespace frugal::onnx_import
