#include <algorithm>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// The `shape` attribute of a reshape that leads from `from` straight to `to`; without symbols where that is possible.
Attr direct_shape(const SymShape& from, const SymShape& to) {
  Ints out;
  int open = 0;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i].fixed())
      out.push_back(to[i].value());
    else if (i < from.size() && from[i] == to[i])
      out.push_back(0);
    else if (++open == 1)
      out.push_back(-1);
    else
      return to;
  }
  return out;
}

// In the result, a chain up to `node` is one node already: looking one step back is enough.
Visit simplify_reshape(Rewriter& r, const Node& node) {
  ValueId from = r.map(node.inputs[0]);
  NodeId before = r.result().value(from).producer;
  if (before != kNone && r.result().node(before).op == node.op) from = r.result().node(before).inputs[0];
  const SymShape &old_shape = r.result().value(from).type.shape,
                 &new_shape = r.graph().value(node.outputs[0]).type.shape;
  if (old_shape == new_shape) {
    r.replace(node.outputs[0], from);
    return Visit::done;
  }
  for (const Dim& d : new_shape)
    if (d == Dim(0)) return Visit::copy;  // a written 0 means "copy"
  Attrs attrs{{"shape", direct_shape(old_shape, new_shape)}};
  r.replace(node.outputs[0], r.add_node("reshape", node.name, {from}, attrs)[0]);
  return Visit::done;
}

Visit simplify_transpose(Rewriter& r, const Node& node) {
  ValueId from = r.map(node.inputs[0]);
  Ints perm = attr_ints(node, "perm");
  NodeId before = r.result().value(from).producer;
  if (before != kNone && r.result().node(before).op == node.op) {
    const Node& first = r.result().node(before);
    for (std::int64_t& axis : perm) axis = attr_ints(first, "perm")[static_cast<std::size_t>(axis)];
    from = first.inputs[0];
  }
  bool moves = false;
  for (std::size_t i = 0; i < perm.size(); ++i) moves = moves || perm[i] != static_cast<std::int64_t>(i);
  r.replace(node.outputs[0], moves ? r.add_node("transpose", node.name, {from}, {{"perm", perm}})[0] : from);
  return Visit::done;
}

// Ops that give back their input where the type stays the same: nothing is cut off, padded, or dropped at inference.
// (A reshape or transpose that does nothing is found by the functions above.)
bool is_identity(const Graph& graph, const Node& node) {
  if (node.op->name == "dropout") return true;
  if (node.op->name == "concat") return node.inputs.size() == 1;
  bool same_type = graph.value(node.inputs[0]).type == graph.value(node.outputs[0]).type;
  if (node.op->name == "pad") {
    const Ints& pads = attr_ints(node, "pads");  // of equal size, but moved, where one side is cut
    return std::all_of(pads.begin(), pads.end(), [](std::int64_t p) { return p == 0; });
  }
  return same_type && (node.op->name == "slice" || node.op->name == "expand" || node.op->name == "cast");
}

}  // namespace

Model simplify_shapes(const Model& model) {
  return rewrite(model, [](Rewriter& r, const Node& node) {
    if (node.op->name == "reshape") return simplify_reshape(r, node);
    if (node.op->name == "transpose") return simplify_transpose(r, node);
    if (node.inputs.empty() || !is_identity(r.graph(), node)) return Visit::copy;
    r.replace(node.outputs[0], r.map(node.inputs[0]));
    return Visit::done;
  });
}

}  // namespace frugal
