#include "graph/op.h"
#include "graph/print.h"
#include "graph/schema.h"

namespace frugal {
namespace {

std::string operand(const Graph& graph, ValueId id) {
  if (id == kNone) return "none";
  const Value& v = graph.value(id);
  return (v.kind == ValueKind::weight ? "@" : "%") + v.name;
}

std::string attributes(const Node& node) {
  std::string out;
  for (const AttrSpec& spec : node.op->attrs) {
    const Attr& attr = attribute(node, spec.name);
    if (!spec.fallback || !(attr == *spec.fallback))
      out += (out.empty() ? "" : ", ") + spec.name + "=" + to_string(attr);
  }
  return out.empty() ? "" : " {" + out + "}";
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string out = "graph " + graph.name() + "\n";
  for (ValueId id : graph.inputs())
    out += "  input  %" + graph.value(id).name + " : " + to_string(graph.value(id).type) + "\n";
  for (const Value& v : graph.values())
    if (v.kind == ValueKind::weight) out += "  weight @" + v.name + " : " + to_string(v.type) + "\n";
  for (const Node& node : graph.nodes()) {
    std::string results, types, inputs;
    for (ValueId id : node.outputs) {
      results += (results.empty() ? "%" : ", %") + graph.value(id).name;
      types += (types.empty() ? "" : ", ") + to_string(graph.value(id).type);
    }
    for (ValueId id : node.inputs) inputs += (inputs.empty() ? "" : ", ") + operand(graph, id);
    out += "  " + results + " : " + types + " = " + node.op->name + "(" + inputs + ")" + attributes(node) + "\n";
  }
  for (std::size_t i = 0; i < graph.outputs().size(); ++i)
    out += "  output " + graph.output_name(i) + " = " + operand(graph, graph.outputs()[i]) + "\n";
  return out;
}

}  // namespace frugal
