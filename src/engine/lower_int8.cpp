#include "engine/lower_int8.h"

#include <algorithm>

#include "engine/lowering.h"
#include "graph/op.h"

namespace frugal {

Visit Lowering::visit(Rewriter& r, const Node& node) {
  r_ = &r;
  const std::string& op = node.op->name;
  if (op == "quantize_linear") return quantize(node);
  if (op == "dequantize_linear") return dequantize(node);
  if ((op == "conv2d" || op == "linear" || op == "matmul") && layer(node)) return Visit::done;
  if (op == "add" && add(node)) return Visit::done;
  if (op == "mul" && scale_rows(node)) return Visit::done;
  if (moves(node) && move(node)) return Visit::done;
  for (ValueId id : node.inputs) need_floats(id);
  return Visit::copy;
}

std::optional<Bytes> Lowering::numbers(const Node& node, DType byte) const {
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

Visit Lowering::quantize(const Node& node) {
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

Visit Lowering::dequantize(const Node& node) {
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

bool Lowering::scale_rows(const Node& node) {
  for (std::size_t i : {0, 1}) {
    auto found = bytes_.find(node.inputs[i]);
    const ValueId scales = node.inputs[1 - i];
    SymShape rows = value(node.inputs[i]).type.shape;
    if (found == bytes_.end() || found->second.rows != kNone || rows.empty() || !r_->mapped(scales)) continue;
    rows.back() = 1;
    if (value(scales).kind == ValueKind::weight || value(scales).type.shape != rows) continue;
    Bytes made = found->second;
    made.rows = r_->map(scales);
    bytes_.insert_or_assign(node.outputs[0], made);
    if (r_->uses().is_output(node.outputs[0])) need_floats(node.outputs[0]);
    return true;
  }
  return false;
}

bool Lowering::is_dynamic(const Node& node) const {
  const Tensor* scale = r_->data(node.inputs[1]);
  return scale && scale->numel() == 1 && scale->data<float>()[0] == 1 && node.inputs.size() > 2 &&
         node.inputs[2] != kNone && !r_->data(node.inputs[2]) && is_one(node.inputs[2]) &&
         value(node.inputs[0]).type.dtype == DType::u8 && r_->mapped(node.inputs[0]);
}

Bytes Lowering::as_bytes(ValueId id, Bytes to, const std::string& name) {
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

ValueId Lowering::number(const std::string& name, Tensor t) {
  return r_->add_weight(r_->fresh_name(name), std::move(t), WeightRole::constant);
}

void Lowering::need_floats(ValueId id) {
  if (id == kNone || r_->mapped(id)) return;
  if (auto constant = constants_.find(id); constant != constants_.end()) {
    r_->copy(*constant->second);
    return;
  }
  auto found = bytes_.find(id);
  if (found == bytes_.end()) return;
  const std::string stem = r_->fresh_name(value(id).name + ".floats");
  const auto zero = static_cast<std::uint8_t>(found->second.zero);
  ValueId floats = r_->add_node("dequantize_linear", stem,
                                {found->second.q, number(stem + ".scale", Tensor::scalar(found->second.scale)),
                                 number(stem + ".zero_point", Tensor::scalar(zero))},
                                {})[0];
  if (found->second.rows != kNone)
    floats = r_->add_node("mul", r_->fresh_name(stem + ".rows"), {floats, found->second.rows}, {})[0];
  r_->replace(id, floats);
}

bool Lowering::moves(const Node& node) {
  const std::string& op = node.op->name;
  return op == "max_pool2d" || op == "concat" || op == "reshape" || op == "transpose" || op == "slice" ||
         op == "split" || (op == "resize" && attr_text(node, "mode") == "nearest");
}

bool Lowering::move(const Node& node) {
  std::optional<Bytes> numbers_in;
  for (ValueId id : node.inputs)
    if (auto found = bytes_.find(id); found != bytes_.end() && found->second.rows == kNone && !numbers_in)
      numbers_in = found->second;
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

bool has_quantization(const Graph& graph) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [](const Node& node) {
    return node.op->name == "quantize_linear" || node.op->name == "dequantize_linear";
  });
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
