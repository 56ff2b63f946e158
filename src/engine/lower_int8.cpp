#include "engine/lower_int8.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "engine/engine_op.h"
#include "engine/int8_constants.h"
#include "graph/op.h"
#include "graph/rewrite.h"
#include "kernels/activation_names.h"
#include "kernels/int8.h"

namespace frugal {
namespace {

// A float value of the source as bytes of the result: (q - zero) * scale.
struct Bytes {
  ValueId q;
  float scale;
  std::int32_t zero;
  bool same_numbers(const Bytes& o) const { return scale == o.scale && zero == o.zero; }
};

// What goes into the store of a layer, and the value it then makes.
struct Tail {
  ValueId value;  // of the source
  std::optional<Tensor> bias{};
  std::vector<float> factor{};  // of each channel, before the bias
  bool dynamic = false;         // the zero point of x is computed, products with scales follow (ONNX)
  bool whole = false;           // sums are whole numbers
  ValueId x_scale = kNone;      // of the result
  std::int64_t channels = 0;    // of a layer that may take a bias, else 0
  ActivationSpec activation{};
  ValueId residual = kNone;  // of the result
  std::optional<Bytes> residual_bytes{};
  bool residual_last = false;
  std::optional<Bytes> out{};  // as bytes; q is not used
};

class Lowering {
 public:
  explicit Lowering(const KernelTable& table) : table_(table) {}

  Visit visit(Rewriter& r, const Node& node) {
    r_ = &r;
    const std::string& op = node.op->name;
    if (op == "quantize_linear") return quantize(node);
    if (op == "dequantize_linear") return dequantize(node);
    if ((op == "conv2d" || op == "linear" || op == "matmul") && layer(node)) return Visit::done;
    if (op == "add" && add(node)) return Visit::done;
    if (moves(node) && move(node)) return Visit::done;
    for (ValueId id : node.inputs) need_floats(id);
    return Visit::copy;
  }

 private:
  const Graph& graph() const { return r_->graph(); }
  const Value& value(ValueId id) const { return graph().value(id); }

  // Scale and zero point of a Q or D, where they are one known number each; zero as for unsigned bytes.
  std::optional<Bytes> numbers(const Node& node, DType byte) const {
    const Tensor* scale = r_->data(node.inputs[1]);
    const ValueId zero_id = node.inputs.size() > 2 ? node.inputs[2] : kNone;
    const Tensor* zero = r_->data(zero_id);
    if (!scale || scale->numel() != 1 || (zero_id != kNone && !zero)) return std::nullopt;
    if (byte != DType::u8 && byte != DType::i8) return std::nullopt;
    const float s = scale->data<float>()[0];
    if (!(s > 0)) return std::nullopt;
    std::int32_t z = zero ? zero->to(DType::i32).data<std::int32_t>()[0] : 0;
    return Bytes{kNone, s, z + (byte == DType::i8 ? 128 : 0)};
  }
  DType made_by(const Node& q) const { return value(q.outputs[0]).type.dtype; }

  // --- Q and D ---

  Visit quantize(const Node& node) {
    std::optional<Bytes> to = numbers(node, made_by(node));
    if (to) {
      bytes_.insert_or_assign(node.outputs[0], as_bytes(node.inputs[0], *to, node.name));
      if (made_by(node) == DType::u8) {
        r_->replace(node.outputs[0], bytes_.at(node.outputs[0]).q);
        return Visit::done;
      }
      bool only_dequantized = !r_->uses().is_output(node.outputs[0]);
      for (NodeId user : r_->uses().of(node.outputs[0]))
        only_dequantized = only_dequantized && graph().node(user).op->name == "dequantize_linear" &&
                           numbers(graph().node(user), DType::i8);
      if (only_dequantized) return Visit::done;
    }
    need_floats(node.inputs[0]);
    return Visit::copy;
  }

  Visit dequantize(const Node& node) {
    const ValueId q = node.inputs[0], out = node.outputs[0];
    if (value(q).kind == ValueKind::weight) {  // floats are made only where somebody needs them
      constants_[out] = &node;
    } else {
      std::optional<Bytes> from = numbers(node, value(q).type.dtype);
      if (is_dynamic(node)) {  // floats are made only where somebody needs them
        constants_[out] = dynamic_[out] = &node;
        if (r_->uses().is_output(out)) need_floats(out);
        return Visit::done;
      }
      auto found = bytes_.find(q);
      if (!from || (found == bytes_.end() && value(q).type.dtype != DType::u8)) return Visit::copy;
      from->q = found != bytes_.end() ? found->second.q : r_->map(q);
      bytes_.insert_or_assign(out, *from);
    }
    if (r_->uses().is_output(out)) need_floats(out);
    return Visit::done;
  }

  // D of bytes whose zero point is computed in every run, with the scale 1.
  bool is_dynamic(const Node& node) const {
    const Tensor* scale = r_->data(node.inputs[1]);
    return scale && scale->numel() == 1 && scale->data<float>()[0] == 1 && node.inputs.size() > 2 &&
           node.inputs[2] != kNone && !r_->data(node.inputs[2]) && is_one(node.inputs[2]) &&
           value(node.inputs[0]).type.dtype == DType::u8 && r_->mapped(node.inputs[0]);
  }
  bool is_one(ValueId id) const { return product(value(id).type.shape) == Dim(1); }

  // The value as bytes with these numbers, made where it is not.
  Bytes as_bytes(ValueId id, Bytes to, const std::string& name) {
    auto found = bytes_.find(id);
    if (found != bytes_.end() && found->second.same_numbers(to)) return found->second;
    need_floats(id);
    const auto zero = static_cast<std::uint8_t>(std::clamp(to.zero, 0, 255));
    const std::string stem = r_->fresh_name(name);
    to.q = r_->add_node("quantize_linear", stem,
                        {r_->map(id), number(stem + ".scale", Tensor::scalar(to.scale)),
                         number(stem + ".zero_point", Tensor::scalar(zero))},
                        {})[0];
    return to;
  }

  ValueId number(const std::string& name, Tensor t) {
    return r_->add_weight(r_->fresh_name(name), std::move(t), WeightRole::constant);
  }

  // Floats of the source's value in the result.
  void need_floats(ValueId id) {
    if (id == kNone || r_->mapped(id)) return;
    if (auto constant = constants_.find(id); constant != constants_.end()) {
      r_->copy(*constant->second);
      return;
    }
    auto found = bytes_.find(id);
    if (found == bytes_.end()) return;
    const std::string stem = r_->fresh_name(value(id).name + ".floats");
    const auto zero = static_cast<std::uint8_t>(found->second.zero);
    r_->replace(id, r_->add_node("dequantize_linear", stem,
                                 {found->second.q, number(stem + ".scale", Tensor::scalar(found->second.scale)),
                                  number(stem + ".zero_point", Tensor::scalar(zero))},
                                 {})[0]);
  }

  // --- Layers ---

  std::optional<Int8Weight> weight_of(ValueId id, bool transposed) const {
    auto found = constants_.find(id);
    return found == constants_.end() ? std::nullopt : constant_weight(*r_, *found->second, transposed);
  }
  std::optional<Tensor> bias_of(ValueId id) const {
    auto found = constants_.find(id);
    return constant_bias(*r_, id, found == constants_.end() ? nullptr : found->second);
  }

  bool fits(const Node& node, const Int8Weight& w) const {
    Conv2dShape s;
    const Shape& shape = w.data.shape();
    s.out_c = shape[0], s.in_c = shape[1];
    if (node.op->name == "conv2d") {
      s.groups = attr_int(node, "groups"), s.in_c *= s.groups;
      s.kernel_h = shape[2], s.kernel_w = shape[3];
      s.stride_h = attr_ints(node, "stride")[0], s.stride_w = attr_ints(node, "stride")[1];
    }
    return int8_fits(table_, s);
  }

  bool layer(const Node& node) {
    auto x = bytes_.find(node.inputs[0]);
    const bool matmul = node.op->name == "matmul", conv = node.op->name == "conv2d";
    std::optional<Int8Weight> w = weight_of(node.inputs[1], matmul && !attr_flag(node, "transpose_b"));
    const auto dynamic = dynamic_.find(node.inputs[0]);
    const bool known = x != bytes_.end();
    if ((!known && (conv || dynamic == dynamic_.end())) || !w || !fits(node, *w)) return false;
    if (matmul && (w->data.rank() != 2 || value(node.inputs[0]).type.shape.size() < 2)) return false;
    if (known && (x->second.zero < 0 || x->second.zero > 255)) return false;
    const Bytes in = known ? x->second : Bytes{r_->map(dynamic->second->inputs[0]), 1, 0};
    const auto channels = static_cast<std::int64_t>(w->scale.size());
    Tail tail{.value = node.outputs[0], .channels = conv ? 0 : channels};
    const bool has_bias = node.inputs.size() > 2 && node.inputs[2] != kNone;
    if (has_bias && !(tail.bias = bias_of(node.inputs[2]))) return false;
    tail.dynamic = !known;
    tail.whole = !known && std::all_of(w->scale.begin(), w->scale.end(), [](float s) { return s == 1; });
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
    if (tail.residual != kNone || tail.dynamic) inputs.push_back(tail.residual);
    if (tail.dynamic) inputs.push_back(r_->map(dynamic->second->inputs[2]));
    if (tail.x_scale != kNone) inputs.push_back(tail.x_scale);
    finish(tail, r_->add_node(conv ? "int8_conv2d" : "int8_linear", node.name, inputs, attrs)[0]);
    return true;
  }

  bool add(const Node& node) {
    auto a = bytes_.find(node.inputs[0]), b = bytes_.find(node.inputs[1]);
    if (a == bytes_.end() || b == bytes_.end()) return false;
    if (value(node.inputs[0]).type.shape != value(node.inputs[1]).type.shape) return false;
    Tail tail{.value = node.outputs[0], .residual = b->second.q, .residual_bytes = b->second};
    extend(tail);
    Attrs attrs = store_attrs(tail);
    attrs["x_zero"] = Attr(std::int64_t{a->second.zero});
    attrs["scale"] = Attr(static_cast<double>(a->second.scale));
    finish(tail, r_->add_node("int8_add", node.name, {a->second.q, tail.residual}, attrs)[0]);
    return true;
  }

  Attrs store_attrs(const Tail& tail) const {
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

  // Follows the one user of the value as long as it fits into the store.
  void extend(Tail& tail) {
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
      if (!take_scale(tail, next) && !take_bias(tail, next) && !take_activation(tail, next) &&
          !take_residual(tail, next))
        return;
      tail.value = next.outputs[0];
      done_.insert(tail.value);
    }
  }

  bool plain(const Tail& tail) const {
    return !tail.bias && tail.residual == kNone && tail.activation.kind == Activation::none;
  }

  // A sum of integers to int32 and back.
  bool take_casts(Tail& tail, const Node& next) {
    if (!tail.whole || next.op->name != "cast" || attr_text(next, "to") != "int32" || !plain(tail)) return false;
    const NodeId user = r_->uses().only_user(next.outputs[0]);
    if (user == kNone || graph().node(user).op->name != "cast" || attr_text(graph().node(user), "to") != "float32")
      return false;
    done_.insert(next.outputs[0]);
    done_.insert(tail.value = graph().node(user).outputs[0]);
    return true;
  }

  // A product with the scales of x and of the weights, where those of x are computed.
  bool take_scale(Tail& tail, const Node& next) {
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
        if (data->numel() != 1 && value(id).type.shape != SymShape{tail.channels}) return false;
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

  // The add behind a product without a bias, of one number a channel.
  bool take_bias(Tail& tail, const Node& next) const {
    if (next.op->name != "add" || tail.channels == 0 || tail.bias || tail.residual != kNone ||
        tail.activation.kind != Activation::none || next.inputs[0] == next.inputs[1])
      return false;
    const ValueId other = next.inputs[next.inputs[0] == tail.value ? 1 : 0];
    if (value(other).type.shape != SymShape{tail.channels}) return false;
    tail.bias = bias_of(other);
    return tail.bias.has_value();
  }

  bool take_activation(Tail& tail, const Node& next) const {
    const EngineOp* op = EngineRegistry::instance().find(next.op->name);
    if (!op || !op->as_activation || tail.activation.kind != Activation::none || tail.residual_last) return false;
    std::optional<ActivationSpec> activation = op->as_activation(next);
    if (!activation || !name(activation->kind)) return false;
    tail.activation = *activation;
    return true;
  }

  bool take_residual(Tail& tail, const Node& next) {
    if (next.op->name != "add" || tail.residual != kNone || next.inputs[0] == next.inputs[1]) return false;
    const ValueId other = next.inputs[next.inputs[0] == tail.value ? 1 : 0];
    if (value(other).kind == ValueKind::weight || value(other).type != value(tail.value).type) return false;
    auto found = bytes_.find(other);
    if (found == bytes_.end() && !r_->mapped(other)) return false;
    if (found != bytes_.end()) tail.residual_bytes = found->second;
    tail.residual = found != bytes_.end() ? found->second.q : r_->map(other);
    tail.residual_last = tail.activation.kind != Activation::none;
    return true;
  }

  // Records what a layer has made; nodes whose work it did are passed over.
  void finish(const Tail& tail, ValueId made) {
    if (!tail.out) {
      r_->replace(tail.value, made);
      return;
    }
    bytes_.insert_or_assign(tail.value, Bytes{made, tail.out->scale, tail.out->zero});
  }

  // --- Ops that commute with Q and D ---

  static bool moves(const Node& node) {
    const std::string& op = node.op->name;
    return op == "max_pool2d" || op == "concat" || op == "reshape" || op == "transpose" || op == "slice" ||
           op == "split" || (op == "resize" && attr_text(node, "mode") == "nearest");
  }

  bool move(const Node& node) {
    std::optional<Bytes> numbers_in;
    for (ValueId id : node.inputs)
      if (auto found = bytes_.find(id); found != bytes_.end() && !numbers_in) numbers_in = found->second;
    if (node.op->name == "concat") {  // parts that will be quantised with it are quantised before
      const NodeId user = r_->uses().only_user(node.outputs[0]);
      if (user != kNone && graph().node(user).op->name == "quantize_linear")
        if (auto to = numbers(graph().node(user), made_by(graph().node(user)))) numbers_in = to;
    }
    if (!numbers_in) return false;
    std::vector<ValueId> inputs;
    const bool by_user = numbers_in->q == kNone;
    for (ValueId id : node.inputs) {
      auto found = bytes_.find(id);
      if (!by_user && (found == bytes_.end() || !found->second.same_numbers(*numbers_in))) return false;
      inputs.push_back(as_bytes(id, *numbers_in, node.name + ".part").q);
    }
    const std::vector<ValueId> made = r_->add_node(node.op->name, node.name, inputs, node.attrs);
    for (std::size_t i = 0; i < made.size(); ++i) {
      bytes_.insert_or_assign(node.outputs[i], Bytes{made[i], numbers_in->scale, numbers_in->zero});
      if (r_->uses().is_output(node.outputs[i])) need_floats(node.outputs[i]);
    }
    return true;
  }

 public:
  // The node's work has been taken over by a layer before it.
  bool taken(const Node& node) const { return done_.contains(node.outputs[0]); }

 private:
  const KernelTable& table_;
  Rewriter* r_ = nullptr;
  std::map<ValueId, Bytes> bytes_;            // of the source's values, float and quantised
  std::map<ValueId, const Node*> constants_;  // D whose floats are made only where somebody needs them
  std::map<ValueId, const Node*> dynamic_;    // of these, those of is_dynamic
  std::set<ValueId> done_;
};

}  // namespace

bool has_quantization(const Graph& graph) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                     [](const Node& node) { return node.op->name == "quantize_linear"; });
}

Model lower_int8(const Model& model, const KernelTable& table) {
  Lowering lowering(table);
  Model out = rewrite(model, [&](Rewriter& r, const Node& node) {
    return lowering.taken(node) ? Visit::done : lowering.visit(r, node);
  });
  out.metadata = model.metadata;
  return out;
}

}  // namespace frugal
