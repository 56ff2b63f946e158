#include <algorithm>
#include <optional>

#include "graph/op.h"
#include "graph/passes/channel_affine.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// A layer that is linear in its weight: y = sum(weight * x) + bias, channels in dim 1 of y. An adder layer is not, but
// has a factor for each channel, which may be absent.
struct LinearLayer {
  std::string_view op;
  std::size_t weight = 1, bias = 2;  // places among the inputs
  std::size_t rank;                  // of its output; with another one dim 1 is not its channel
  std::string_view absent{};         // a name for the weight where it may be missing: it is 1
};
// A weight's outermost dim is the output channel.
constexpr LinearLayer kLayers[] = {
    {.op = "conv2d", .rank = 4},
    {.op = "linear", .rank = 2},
    {.op = "quantized_adder_conv2d", .weight = 5, .bias = 4, .rank = 4, .absent = ".scale"},
};

const LinearLayer* find_layer(const Rewriter& r, const Node& node) {
  for (const LinearLayer& layer : kLayers)
    if (node.op->name == layer.op && r.graph().value(node.outputs[0]).type.shape.size() == layer.rank) return &layer;
  return nullptr;
}

// What a product or a sum does to each channel, with a weight of one number for all channels, or one for each: [C],
// broadcast as [C, 1, 1] where the channels are followed by two more dims.
std::optional<ChannelAffine> scale_or_shift_of(const Rewriter& r, const Node& node, const LinearLayer& layer,
                                               ValueId made, std::int64_t channels) {
  const ValueId other = node.inputs[node.inputs[0] == made ? 1 : 0];
  const Tensor* numbers = r.data(other);
  if (!numbers || numbers->dtype() != DType::f32 || r.graph().value(node.outputs[0]).type != r.graph().value(made).type)
    return std::nullopt;
  const std::size_t from_end = layer.rank - 1;  // where the channels stand
  const std::size_t rank = numbers->shape().size();
  const bool each = rank >= from_end && numbers->shape()[rank - from_end] == channels && numbers->numel() == channels;
  if (!each && numbers->numel() != 1) return std::nullopt;
  ChannelAffine out;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto x = static_cast<double>(numbers->data<float>()[each ? c : 0]);
    out.scale.push_back(node.op->name == "mul" ? x : 1);
    out.shift.push_back(node.op->name == "mul" ? 0 : x);
  }
  return out;
}

// All that follows a layer and can go into it, one after the other; their outputs are added to `made`.
std::optional<ChannelAffine> affine_after(const Rewriter& r, const LinearLayer& layer, std::int64_t channels,
                                          std::vector<ValueId>& made) {
  std::optional<ChannelAffine> all;
  for (NodeId user; (user = r.uses().only_user(made.back())) != kNone;) {
    const Node& node = r.graph().node(user);
    std::optional<ChannelAffine> next;
    if (node.op->name == "batch_norm" && node.inputs[0] == made.back())
      next = batch_norm_affine(r, node);
    else if (node.op->name == "mul" || node.op->name == "add")
      next = scale_or_shift_of(r, node, layer, made.back(), channels);
    if (!next) break;
    for (std::size_t c = 0; all && c < next->scale.size(); ++c) {
      next->shift[c] += all->shift[c] * next->scale[c];
      next->scale[c] *= all->scale[c];
    }
    all = std::move(next);
    made.push_back(node.outputs[0]);
  }
  return all;
}

Tensor scaled(const Tensor& weight, const ChannelAffine& affine) {
  Tensor out(DType::f32, weight.shape());
  const std::int64_t inner = weight.numel() / std::max<std::int64_t>(1, weight.dim(0));
  const float* from = weight.data<float>();
  float* to = out.data<float>();
  for (double scale : affine.scale)
    for (std::int64_t i = 0; i < inner; ++i) *to++ = static_cast<float>(*from++ * scale);
  return out;
}

Tensor shifted(const Tensor* bias, const ChannelAffine& affine) {
  std::vector<float> out;
  for (std::size_t c = 0; c < affine.shift.size(); ++c)
    out.push_back(static_cast<float>((bias ? bias->data<float>()[c] : 0.0) * affine.scale[c] + affine.shift[c]));
  auto channels = static_cast<std::int64_t>(out.size());
  return Tensor::from(Shape{channels}, out);
}

Visit visit(Rewriter& r, const Node& node) {
  const LinearLayer* layer = find_layer(r, node);
  if (!layer) return Visit::copy;
  const ValueId weight = node.inputs[layer->weight], bias = node.inputs[layer->bias];
  const bool factor_absent = weight == kNone && !layer->absent.empty();
  if ((!factor_absent && r.uses().only_user(weight) == kNone) || !have_floats(r, {weight, bias})) return Visit::copy;
  const Dim& channel_dim = r.graph().value(node.outputs[0]).type.shape[1];
  if (!channel_dim.fixed()) return Visit::copy;
  const std::int64_t channels = channel_dim.value();
  std::vector<ValueId> made{node.outputs[0]};
  const std::optional<ChannelAffine> after = affine_after(r, *layer, channels, made);
  if (!after) return Visit::copy;

  const ChannelAffine& affine = *after;
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (i == layer->weight && factor_absent)
      inputs.push_back(
          r.add_weight(r.fresh_name(node.name + std::string(layer->absent)),
                       scaled(Tensor::from(Shape{channels}, std::vector<float>(affine.scale.size(), 1.0f)), affine),
                       WeightRole::parameter));
    else if (i == layer->weight)
      inputs.push_back(r.replace_weight(weight, scaled(*r.data(weight), affine)));
    else if (i != layer->bias)
      inputs.push_back(r.map(node.inputs[i]));
    else if (bias != kNone && r.uses().only_user(bias) != kNone)
      inputs.push_back(r.replace_weight(bias, shifted(r.data(bias), affine)));
    else
      inputs.push_back(
          r.add_weight(r.fresh_name(node.name + ".bias"), shifted(r.data(bias), affine), WeightRole::parameter));
  }
  const ValueId layer_made = r.add_node(node.op->name, node.name, inputs, node.attrs)[0];
  // The nodes in between are passed over.
  for (std::size_t i = made.size(); i-- > 1;) r.replace(made[i], layer_made);
  return Visit::done;
}

}  // namespace

Model fold_batch_norm(const Model& model) { return rewrite(model, visit); }

}  // namespace frugal
