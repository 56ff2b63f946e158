#include <algorithm>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// The convolution that alone uses the result of this pad of height and width with zeros; else nullptr.
const Node* padded_convolution(const Rewriter& r, const Node& node) {
  if (node.op->name != "pad" || attr_text(node, "mode") != "constant" || attr_real(node, "value") != 0) return nullptr;
  const Ints& pads = attr_ints(node, "pads");
  if (pads.size() != 8 || *std::min_element(pads.begin(), pads.end()) < 0) return nullptr;  // negative: a crop
  if (pads[0] + pads[1] + pads[4] + pads[5] != 0) return nullptr;
  NodeId user = r.uses().only_user(node.outputs[0]);
  if (user == kNone || r.graph().node(user).op->name != "conv2d" || r.graph().node(user).inputs[0] != node.outputs[0])
    return nullptr;
  return &r.graph().node(user);
}

}  // namespace

Model fold_padding(const Model& model) {
  return rewrite(model, [](Rewriter& r, const Node& node) {
    if (padded_convolution(r, node)) return Visit::done;  // the convolution below makes up for it
    if (node.op->name != "conv2d") return Visit::copy;
    NodeId before = r.graph().value(node.inputs[0]).producer;
    const Node* pad = before == kNone ? nullptr : &r.graph().node(before);
    if (!pad || padded_convolution(r, *pad) != &node) return Visit::copy;
    const Ints& added = attr_ints(*pad, "pads");  // before n, c, h, w, then after
    Ints padding = attr_ints(node, "padding");    // top, left, bottom, right
    for (std::size_t i = 0; i < 4; ++i) padding[i] += added[i < 2 ? i + 2 : i + 4];
    std::vector<ValueId> inputs{r.map(pad->inputs[0])};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) inputs.push_back(r.map(node.inputs[i]));
    Attrs attrs = node.attrs;
    attrs.insert_or_assign("padding", Attr(padding));
    r.replace(node.outputs[0], r.add_node("conv2d", node.name, inputs, attrs)[0]);
    return Visit::done;
  });
}

}  // namespace frugal
