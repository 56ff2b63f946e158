#include <algorithm>
#include <cmath>
#include <set>

#include "graph/op.h"
#include "graph/rewrite.h"
#include "methods/ptq/ptq.h"

namespace frugal {
namespace {

struct ByteWeight {
  Tensor data, scale;  // int8, float32 [out]
};

// Symmetric, one scale an output channel, such that neighbours (input channels 2i and 2i + 1) of one sign add up to no
// more than 128: then sums of products are exact in 16 bits, and fast where there is no VNNI
// (DotChunk, kernels/int8_types.h). `input_scale`: a factor of each input channel (empty: 1).
ByteWeight quantize_weight(const Tensor& weight, const std::vector<float>& input_scale) {
  const std::int64_t out = weight.dim(0), inner = weight.numel() / std::max<std::int64_t>(out, 1);
  const std::int64_t taps = weight.rank() == 4 ? weight.dim(2) * weight.dim(3) : 1;
  ByteWeight made{Tensor(DType::i8, weight.shape()), Tensor(DType::f32, {out})};
  for (std::int64_t o = 0; o < out; ++o) {
    auto at = [&](std::int64_t i) {
      const float factor = input_scale.empty() ? 1 : input_scale[static_cast<std::size_t>(i / taps)];
      return weight.data<float>()[o * inner + i] * factor;
    };
    float most = 0;
    for (std::int64_t i = 0; i < inner; ++i) {
      const bool paired = i / taps % 2 == 0 && i + taps < inner;
      const float w = at(i), next = paired ? at(i + taps) : 0;
      most = std::max({most, std::max(w, 0.0f) + std::max(next, 0.0f), -std::min(w, 0.0f) - std::min(next, 0.0f)});
    }
    const float scale = most > 0 ? most / 127 : 1;
    made.scale.data<float>()[o] = scale;
    for (std::int64_t i = 0; i < inner; ++i)
      made.data.data<std::int8_t>()[o * inner + i] =
          static_cast<std::int8_t>(std::clamp(std::nearbyint(at(i) / scale), -127.0f, 127.0f));
  }
  return made;
}

class Inserter {
 public:
  Inserter(const Model& model, const PtqPlan& plan, const std::map<ValueId, ByteRange>& ranges)
      : plan_(plan), ranges_(ranges) {
    for (NodeId id : plan.layers) layers_.insert(&model.graph.node(id));
    last_ = model.graph.nodes().empty() ? nullptr : &model.graph.nodes().back();
  }

  Visit visit(Rewriter& r, const Node& node) {
    if (!started_)
      for (ValueId in : r.graph().inputs()) put_in(r, in);
    started_ = true;
    if (layers_.contains(&node))
      layer(r, node);
    else if (auto found = plan_.parts.find(node.outputs[0]); found != plan_.parts.end())
      concat(r, node, found->second);
    else
      r.copy(node);
    for (ValueId out : node.outputs) put_in(r, out);
    if (&node == last_)  // the network's outputs stay floats
      for (const auto& [value, made] : floats_)
        if (r.uses().is_output(value)) r.replace(value, made);
    return Visit::done;
  }

 private:
  static ValueId constant(Rewriter& r, const std::string& name, Tensor t) {
    return r.add_weight(r.fresh_name(name), std::move(t), WeightRole::constant);
  }

  // Q and D behind a value that is to be bytes; from then on everybody reads what D gives.
  void put_in(Rewriter& r, ValueId value) {
    auto range = ranges_.find(value);
    if (range == ranges_.end()) return;
    const std::string name = r.graph().value(value).name;
    if (plan_.rows.contains(value)) return put_in_rows(r, value, name, range->second.zero);
    const auto zero = Tensor::scalar(static_cast<std::uint8_t>(range->second.zero));
    const ValueId x = r.map(value), s = constant(r, name + ".scale", Tensor::scalar(range->second.scale)),
                  z = constant(r, name + ".zero_point", zero);
    floats_[value] = x;
    const ValueId q = r.add_node("quantize_linear", r.fresh_name(name + ".quantize"), {x, s, z}, {})[0];
    bytes_[value] = {q, z};
    r.replace(value, r.add_node("dequantize_linear", r.fresh_name(name + ".dequantize"), {q, s, z}, {})[0]);
  }

  // The same with a scale for each row; only layers read it.
  void put_in_rows(Rewriter& r, ValueId value, const std::string& name, int zero) {
    const std::vector<ValueId> made = r.add_node("quantize_rows", r.fresh_name(name + ".quantize"), {r.map(value)},
                                                 {{"zero_point", Attr(std::int64_t{zero})}});
    const ValueId one = constant(r, name + ".scale", Tensor::scalar(1.0f)),
                  z = constant(r, name + ".zero_point", Tensor::scalar(static_cast<std::uint8_t>(zero)));
    const ValueId whole = r.add_node("dequantize_linear", r.fresh_name(name + ".whole"), {made[0], one, z}, {})[0];
    rows_[value] = r.add_node("mul", r.fresh_name(name + ".dequantize"), {whole, made[1]}, {})[0];
  }

  // The parts keep their bytes, read as if all had the scale 1; the layers behind know better.
  void concat(Rewriter& r, const Node& node, const std::vector<ValueId>& sources) {
    std::vector<ValueId> inputs;
    std::vector<float>& factors = factors_[node.outputs[0]];
    const ValueId one = constant(r, node.name + ".scale", Tensor::scalar(1.0f));
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto [q, z] = bytes_.at(sources[i]);
      ValueId part = r.add_node("dequantize_linear", r.fresh_name(node.name + ".part"), {q, one, z}, {})[0];
      part = pass(r, sources[i], node.inputs[i], part);
      inputs.push_back(part);
      const std::int64_t channels = r.graph().value(node.inputs[i]).type.shape[1].value();
      factors.insert(factors.end(), static_cast<std::size_t>(channels), ranges_.at(sources[i]).scale);
    }
    r.replace(node.outputs[0], r.add_node(node.op->name, node.name, inputs, node.attrs)[0]);
  }

  // The ops between the value that is quantised and the part, on the rescaled value.
  ValueId pass(Rewriter& r, ValueId source, ValueId part, ValueId made) {
    if (part == source) return made;
    const Node& node = r.graph().node(r.graph().value(part).producer);
    const ValueId in = pass(r, source, node.inputs[0], made);
    return r.add_node(node.op->name, r.fresh_name(node.name), {in}, node.attrs)[0];
  }

  void layer(Rewriter& r, const Node& node) {
    auto factors = factors_.find(node.inputs[0]);
    const ByteWeight made =
        quantize_weight(*r.data(node.inputs[1]), factors == factors_.end() ? std::vector<float>{} : factors->second);
    const std::string name = r.graph().value(node.inputs[1]).name;
    const bool alone = r.uses().only_user(node.inputs[1]) != kNone;
    const ValueId q = r.add_weight(alone ? name : r.fresh_name(name), made.data, WeightRole::parameter),
                  s = constant(r, name + ".scale", made.scale);
    auto by_row = rows_.find(node.inputs[0]);
    std::vector<ValueId> inputs{by_row != rows_.end() ? by_row->second : r.map(node.inputs[0])};
    inputs.push_back(
        r.add_node("dequantize_linear", r.fresh_name(name + ".dequantize"), {q, s}, {{"axis", Attr(0)}})[0]);
    for (std::size_t i = 2; i < node.inputs.size(); ++i) inputs.push_back(r.map(node.inputs[i]));
    r.replace(node.outputs[0], r.add_node(node.op->name, node.name, inputs, node.attrs)[0]);
  }

  const PtqPlan& plan_;
  const std::map<ValueId, ByteRange>& ranges_;
  std::set<const Node*> layers_;
  std::map<ValueId, ValueId> floats_;
  std::map<ValueId, ValueId> rows_;                       // what layers read in place of a value
  std::map<ValueId, std::pair<ValueId, ValueId>> bytes_;  // Q's output and zero point
  std::map<ValueId, std::vector<float>> factors_;         // of the channels of a concat
  const Node* last_ = nullptr;
  bool started_ = false;
};

}  // namespace

Model insert_qdq(const Model& folded, const PtqPlan& plan, const std::map<ValueId, ByteRange>& ranges) {
  Inserter inserter(folded, plan, ranges);
  Model out = rewrite(folded, [&](Rewriter& r, const Node& node) { return inserter.visit(r, node); });
  out.metadata = folded.metadata;
  return out;
}

}  // namespace frugal
