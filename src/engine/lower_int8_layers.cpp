// Layers on bytes: which take part, and what follows them into their stores.
#include <algorithm>

#include "engine/engine_op.h"
#include "engine/lowering.h"
#include "graph/op.h"
#include "kernels/activation_names.h"
#include "kernels/int8.h"

namespace frugal {

std::optional<Int8Weight> Lowering::weight_of(ValueId id, bool transposed) const {
  auto found = constants_.find(id);
  return found == constants_.end() ? std::nullopt : constant_weight(*r_, *found->second, transposed);
}

std::optional<Tensor> Lowering::bias_of(ValueId id) const {
  auto found = constants_.find(id);
  return constant_bias(*r_, id, found == constants_.end() ? nullptr : found->second);
}

bool Lowering::fits(const Node& node, const Int8Weight& w) const {
  Conv2dShape s;
  const Shape& shape = w.data.shape();
  s.out_c = shape[0], s.in_c = shape[1];
  if (node.op->name == "conv2d") {
    s.groups = attr_int(node, "groups"), s.in_c *= s.groups;
    s.kernel_h = shape[2], s.kernel_w = shape[3];
    s.stride_h = attr_ints(node, "stride")[0], s.stride_w = attr_ints(node, "stride")[1];
  }
  return int8_fits(table_, s, !w.zero.empty());
}

bool Lowering::layer(const Node& node) {
  auto x = bytes_.find(node.inputs[0]);
  const bool matmul = node.op->name == "matmul", conv = node.op->name == "conv2d";
  std::optional<Int8Weight> w = weight_of(node.inputs[1], matmul && !attr_flag(node, "transpose_b"));
  const auto dynamic = dynamic_.find(node.inputs[0]);
  const bool known = x != bytes_.end();
  if ((!known && dynamic == dynamic_.end()) || !w || !fits(node, *w)) return false;
  if (matmul && (w->data.rank() != 2 || value(node.inputs[0]).type.shape.size() < 2)) return false;
  if (known && (x->second.zero < 0 || x->second.zero > 255)) return false;
  if (known && conv && x->second.rows != kNone) return false;
  const Bytes in = known ? x->second : Bytes{r_->map(dynamic->second->inputs[0]), 1, 0};
  const auto channels = static_cast<std::int64_t>(w->scale.size());
  Tail tail{.value = node.outputs[0], .channels = channels, .conv = conv};
  const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNone;
  if (has_bias && !(tail.bias = bias_of(node.inputs[2]))) return false;
  tail.dynamic = !known;
  tail.whole = in.scale == 1 && std::all_of(w->scale.begin(), w->scale.end(), [](float s) { return s == 1; });
  tail.factor.assign(w->scale.size(), 1);
  extend(tail);

  std::vector<float> scale;
  for (std::size_t o = 0; o < w->scale.size(); ++o) scale.push_back(w->scale[o] * in.scale * tail.factor[o]);
  std::vector<ValueId> inputs{in.q, number(node.name + ".weight_int8", w->data),
                              number(node.name + ".scale", Tensor::from(Shape{channels}, scale)),
                              tail.bias ? number(node.name + ".bias_float", *tail.bias) : kNone};
  Attrs attrs = store_attrs(tail);
  attrs["x_zero"] = Attr(std::int64_t{in.zero});
  if (conv)
    for (const char* key : {"stride", "padding", "dilation", "groups"}) attrs[key] = attribute(node, key);
  const ValueId x_scale = in.rows != kNone ? in.rows : tail.x_scale;
  inputs.push_back(tail.residual);
  inputs.push_back(tail.dynamic ? r_->map(dynamic->second->inputs[2]) : kNone);
  inputs.push_back(x_scale);
  if (!w->zero.empty()) inputs.push_back(number(node.name + ".weight_zero", Tensor::from(Shape{channels}, w->zero)));
  while (inputs.back() == kNone) inputs.pop_back();
  finish(tail, r_->add_node(conv ? "int8_conv2d" : "int8_linear", node.name, inputs, attrs)[0]);
  return true;
}

bool Lowering::add(const Node& node) {
  auto a = bytes_.find(node.inputs[0]), b = bytes_.find(node.inputs[1]);
  if (a == bytes_.end() || b == bytes_.end()) return false;
  if (a->second.rows != kNone || b->second.rows != kNone) return false;
  if (value(node.inputs[0]).type.shape != value(node.inputs[1]).type.shape) return false;
  Tail tail{.value = node.outputs[0], .residual = b->second.q, .residual_bytes = b->second};
  extend(tail);
  Attrs attrs = store_attrs(tail);
  attrs["x_zero"] = Attr(std::int64_t{a->second.zero});
  attrs["scale"] = Attr(static_cast<double>(a->second.scale));
  finish(tail, r_->add_node("int8_add", node.name, {a->second.q, tail.residual}, attrs)[0]);
  return true;
}

Attrs Lowering::store_attrs(const Tail& tail) const {
  Attrs attrs{{"activation", Attr(std::string(*name(tail.activation.kind)))},
              {"alpha", Attr(static_cast<double>(tail.activation.alpha))},
              {"beta", Attr(static_cast<double>(tail.activation.beta))},
              {"residual_last", Attr(tail.residual_last)}};
  if (tail.residual_bytes) {
    attrs["residual_scale"] = Attr(static_cast<double>(tail.residual_bytes->scale));
    attrs["residual_zero"] = Attr(std::int64_t{tail.residual_bytes->zero});
  }
  if (tail.out) {
    attrs["y_scale"] = Attr(static_cast<double>(tail.out->scale));
    attrs["y_zero"] = Attr(std::int64_t{tail.out->zero});
  }
  return attrs;
}

void Lowering::extend(Tail& tail) {
  while (!tail.out) {
    const NodeId user = r_->uses().only_user(tail.value);
    if (user == kNone) return;
    const Node& next = graph().node(user);
    if (next.op->name == "quantize_linear") {
      std::optional<Bytes> to = numbers(next, made_by(next));
      if (to && to->zero >= 0 && to->zero <= 255) tail.out = to;
      return;
    }
    if (next.op->name == "concat") {  // the Q behind a concat is a Q of each part
      const NodeId after = r_->uses().only_user(next.outputs[0]);
      if (after != kNone && graph().node(after).op->name == "quantize_linear")
        tail.out = numbers(graph().node(after), made_by(graph().node(after)));
      return;
    }
    if (take_casts(tail, next)) continue;
    if (!take_scale(tail, next) && !take_bias(tail, next) && !take_activation(tail, next) && !take_residual(tail, next))
      return;
    tail.value = next.outputs[0];
    done_.insert(tail.value);
  }
}

bool Lowering::of_channels(const Tail& tail, SymShape shape) {
  const std::size_t behind = tail.conv ? 2 : 0;
  while (shape.size() > behind + 1 && shape[0] == Dim(1)) shape.erase(shape.begin());
  SymShape wanted{tail.channels};
  wanted.insert(wanted.end(), behind, Dim(1));
  return shape == wanted;
}

bool Lowering::plain(const Tail& tail) const {
  return !tail.bias && tail.residual == kNone && tail.activation.kind == Activation::none;
}

bool Lowering::take_casts(Tail& tail, const Node& next) {
  if (!tail.whole || next.op->name != "cast" || attr_text(next, "to") != "int32" || !plain(tail)) return false;
  const NodeId user = r_->uses().only_user(next.outputs[0]);
  if (user == kNone || graph().node(user).op->name != "cast" || attr_text(graph().node(user), "to") != "float32")
    return false;
  done_.insert(next.outputs[0]);
  done_.insert(tail.value = graph().node(user).outputs[0]);
  return true;
}

bool Lowering::take_scale(Tail& tail, const Node& next) {
  if (!tail.dynamic || next.op->name != "mul" || tail.x_scale != kNone || !plain(tail)) return false;
  std::vector<ValueId> factors{next.inputs[next.inputs[0] == tail.value ? 1 : 0]};
  if (value(factors[0]).kind == ValueKind::node && !r_->mapped(factors[0])) {
    const Node& made = graph().node(value(factors[0]).producer);
    if (made.op->name != "mul") return false;
    factors = made.inputs;
  }
  tail.whole = false;
  std::vector<float> factor = tail.factor;
  ValueId computed = kNone;
  for (ValueId id : factors) {
    if (const Tensor* data = r_->data(id); data && data->dtype() == DType::f32) {
      if (data->numel() != 1 && !of_channels(tail, value(id).type.shape)) return false;
      for (std::size_t o = 0; o < factor.size(); ++o) factor[o] *= data->data<float>()[data->numel() == 1 ? 0 : o];
    } else if (computed == kNone && is_one(id) && r_->mapped(id)) {
      computed = id;
    } else {
      return false;
    }
  }
  tail.factor = factor;
  if (computed != kNone) tail.x_scale = r_->map(computed);
  return true;
}

bool Lowering::take_bias(Tail& tail, const Node& next) const {
  if (next.op->name != "add" || tail.channels == 0 || tail.bias || tail.residual != kNone ||
      tail.activation.kind != Activation::none || next.inputs[0] == next.inputs[1])
    return false;
  const ValueId other = next.inputs[next.inputs[0] == tail.value ? 1 : 0];
  if (!of_channels(tail, value(other).type.shape)) return false;
  tail.bias = bias_of(other);
  if (tail.bias) *tail.bias = tail.bias->reshape({tail.channels});
  return tail.bias.has_value();
}

bool Lowering::take_activation(Tail& tail, const Node& next) const {
  const EngineOp* op = EngineRegistry::instance().find(next.op->name);
  if (!op || !op->as_activation || tail.activation.kind != Activation::none || tail.residual_last) return false;
  std::optional<ActivationSpec> activation = op->as_activation(next);
  if (!activation || !name(activation->kind)) return false;
  tail.activation = *activation;
  return true;
}

bool Lowering::take_residual(Tail& tail, const Node& next) {
  if (next.op->name != "add" || tail.residual != kNone || next.inputs[0] == next.inputs[1]) return false;
  const ValueId other = next.inputs[next.inputs[0] == tail.value ? 1 : 0];
  if (value(other).kind == ValueKind::weight || value(other).type != value(tail.value).type) return false;
  auto found = bytes_.find(other);
  if (found != bytes_.end() && found->second.rows != kNone) found = bytes_.end();
  if (found == bytes_.end() && !r_->mapped(other)) return false;
  if (found != bytes_.end()) tail.residual_bytes = found->second;
  tail.residual = found != bytes_.end() ? found->second.q : r_->map(other);
  tail.residual_last = tail.activation.kind != Activation::none;
  return true;
}

void Lowering::finish(const Tail& tail, ValueId made) {
  if (!tail.out) {
    r_->replace(tail.value, made);
    return;
  }
  bytes_.insert_or_assign(tail.value, Bytes{made, tail.out->scale, tail.out->zero});
}

}  // namespace frugal
