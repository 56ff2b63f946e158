#include "formats/onnx/expand_int8.h"

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// The op that an `activation` of the store is, with its attributes.
std::pair<std::string, Attrs> activation_of(const Node& node) {
  const std::string& name = attr_text(node, "activation");
  const double alpha = attr_real(node, "alpha"), beta = attr_real(node, "beta");
  if (name == "clip") return {name, {{"min", alpha}, {"max", beta}}};
  if (name == "leaky_relu") return {name, {{"slope", alpha}}};
  if (name == "hard_sigmoid") return {name, {{"alpha", alpha}, {"beta", beta}}};
  if (name == "gelu_tanh") return {"gelu", {{"approximate", "tanh"}}};
  return {name, {}};
}

class Expander {
 public:
  Expander(Rewriter& r, const Node& node) : r_(r), node_(node) {}

  void run() {
    const ValueType& out = r_.graph().value(node_.outputs[0]).type;
    ValueId y = sum();
    const std::size_t residual = node_.op->name == "int8_add" ? 1 : 4;
    const bool last = attr_flag(node_, "residual_last");
    if (has(residual) && !last) y = op("add", {y, real(residual)});
    if (auto [name, attrs] = activation_of(node_); name != "none") y = op(name, {y}, attrs);
    if (has(residual) && last) y = op("add", {y, real(residual)});
    if (out.dtype == DType::u8)
      y = op("quantize_linear", {y, number(attr_real(node_, "y_scale")), zero(attr_int(node_, "y_zero"))});
    r_.replace(node_.outputs[0], y);
  }

 private:
  bool has(std::size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != kNone; }
  ValueId in(std::size_t i) { return has(i) ? r_.map(node_.inputs[i]) : kNone; }
  ValueId op(const std::string& name, std::vector<ValueId> inputs, Attrs attrs = {}) {
    return r_.add_node(name, r_.fresh_name(node_.name + "." + name), std::move(inputs), std::move(attrs))[0];
  }
  ValueId constant(const char* stem, Tensor data) {
    return r_.add_weight(r_.fresh_name(node_.name + "." + stem), std::move(data), WeightRole::constant);
  }
  ValueId number(double v) { return constant("scale", Tensor::scalar(static_cast<float>(v))); }
  ValueId zero(std::int64_t v) { return constant("zero", Tensor::scalar(static_cast<std::uint8_t>(v))); }
  // (bytes - zero) * scale
  ValueId dequantized(ValueId bytes, double scale, const char* zero_attr) {
    return op("dequantize_linear", {bytes, number(scale), zero(attr_int(node_, zero_attr))});
  }
  ValueId real(std::size_t residual) {
    if (r_.graph().value(node_.inputs[residual]).type.dtype == DType::f32) {
      const double scale = attr_real(node_, "residual_scale");
      return scale == 1 ? in(residual) : op("mul", {in(residual), number(scale)});
    }
    return dequantized(in(residual), attr_real(node_, "residual_scale"), "residual_zero");
  }

  // Before residual and activation.
  ValueId sum() {
    if (node_.op->name == "int8_add") return dequantized(in(0), attr_real(node_, "scale"), "x_zero");
    ValueId x = has(5) ? op("dequantize_linear", {in(0), number(1), in(5)}) : dequantized(in(0), 1, "x_zero");
    if (has(6)) x = op("mul", {x, in(6)});
    const ValueId w_zero = has(7) ? constant("weight_zero", r_.data(node_.inputs[7])->to(DType::i8)) : kNone;
    const ValueId weight = op("dequantize_linear", {in(1), in(2), w_zero}, {{"axis", 0}});
    Attrs attrs;
    const bool convolution = node_.op->name == "int8_conv2d";
    for (const char* name : {"stride", "padding", "dilation", "groups"})
      if (convolution) attrs[name] = attribute(node_, name);
    return op(convolution ? "conv2d" : "linear", {x, weight, in(3)}, attrs);
  }

  Rewriter& r_;
  const Node& node_;
};

// A linear layer over a stack goes out as a product with the turned weight. Where that is bytes, the bytes are turned:
// a Transpose behind DequantizeLinear would hide from other programs that they are.
Visit turn_bytes(Rewriter& r, const Node& node) {
  if (node.op->name != "linear" || r.graph().value(node.inputs[0]).type.shape.size() == 2) return Visit::copy;
  const Value& weight = r.graph().value(node.inputs[1]);
  if (weight.kind != ValueKind::node) return Visit::copy;
  const Node& made = r.graph().node(weight.producer);
  const Tensor* q = r.data(made.inputs[0]);
  if (made.op->name != "dequantize_linear" || !q || q->rank() != 2 || attr_int(made, "axis") != 0) return Visit::copy;
  const std::int64_t out = q->dim(0), in = q->dim(1);
  Tensor turned(q->dtype(), {in, out});
  const auto* from = static_cast<const std::uint8_t*>(q->raw());
  auto* to = static_cast<std::uint8_t*>(turned.raw());
  for (std::int64_t o = 0; o < out; ++o)
    for (std::int64_t i = 0; i < in; ++i) to[i * out + o] = from[o * in + i];
  const std::string& name = r.graph().value(made.inputs[0]).name;
  std::vector<ValueId> inputs = r.map(made.inputs);
  inputs[0] = r.add_weight(r.fresh_name(name + ".turned"), turned, WeightRole::parameter);
  const ValueId w = r.add_node("dequantize_linear", r.fresh_name(made.name), inputs, {{"axis", Attr(1)}})[0];
  const bool bias = node.inputs.size() > 2 && node.inputs[2] != kNone;
  ValueId y = r.add_node("matmul", bias ? r.fresh_name(node.name) : node.name, {r.map(node.inputs[0]), w}, {})[0];
  if (bias) y = r.add_node("add", node.name, {y, r.map(node.inputs[2])}, {})[0];
  r.replace(node.outputs[0], y);
  return Visit::done;
}

}  // namespace

Model expand_int8(const Model& model) {
  Model expanded = rewrite(model, [](Rewriter& r, const Node& node) {
    if (!node.op->name.starts_with("int8_")) return Visit::copy;
    Expander(r, node).run();
    return Visit::done;
  });
  Model turned = rewrite(expanded, turn_bytes);
  if (turned.graph.nodes().size() == expanded.graph.nodes().size()) return expanded;
  return remove_dead_code(turned);  // the bytes as they lay before
}

}  // namespace frugal
