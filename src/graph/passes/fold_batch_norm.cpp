#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// A layer that is linear in its weight: y = sum(weight * x) + bias, channels in dim 1 of y.
struct LinearLayer {
  std::string_view op;
  std::size_t weight = 1, bias = 2;  // places among the inputs
  std::size_t rank;                  // of its output; with another one dim 1 is not its channel
};
// A weight's outermost dim is the output channel.
constexpr LinearLayer kLayers[] = {{.op = "conv2d", .rank = 4}, {.op = "linear", .rank = 2}};

const LinearLayer* find_layer(const Rewriter& r, const Node& node) {
  for (const LinearLayer& layer : kLayers)
    if (node.op->name == layer.op && r.graph().value(node.outputs[0]).type.shape.size() == layer.rank) return &layer;
  return nullptr;
}

bool floats(const Rewriter& r, const std::vector<ValueId>& weights) {
  for (ValueId id : weights)
    if (id != kNone && (!r.data(id) || r.data(id)->dtype() != DType::f32)) return false;
  return true;
}

struct Affine {
  std::vector<double> scale, shift;  // of each channel
};

Affine affine_of(const Rewriter& r, const Node& norm) {
  auto at = [&](std::size_t input) { return r.data(norm.inputs[input])->data<float>(); };
  const float *gamma = at(1), *beta = at(2), *mean = at(3), *var = at(4);
  Affine out;
  for (std::int64_t c = 0; c < r.data(norm.inputs[1])->numel(); ++c) {
    double scale = gamma[c] / std::sqrt(var[c] + attr_real(norm, "eps"));
    out.scale.push_back(scale);
    out.shift.push_back(beta[c] - mean[c] * scale);
  }
  return out;
}

Tensor scaled(const Tensor& weight, const Affine& affine) {
  Tensor out(DType::f32, weight.shape());
  const std::int64_t inner = weight.numel() / std::max<std::int64_t>(1, weight.dim(0));
  const float* from = weight.data<float>();
  float* to = out.data<float>();
  for (double scale : affine.scale)
    for (std::int64_t i = 0; i < inner; ++i) *to++ = static_cast<float>(*from++ * scale);
  return out;
}

Tensor shifted(const Tensor* bias, const Affine& affine) {
  std::vector<float> out;
  for (std::size_t c = 0; c < affine.shift.size(); ++c)
    out.push_back(static_cast<float>((bias ? bias->data<float>()[c] : 0.0) * affine.scale[c] + affine.shift[c]));
  auto channels = static_cast<std::int64_t>(out.size());
  return Tensor::from(Shape{channels}, out);
}

Visit visit(Rewriter& r, const Node& node) {
  const LinearLayer* layer = find_layer(r, node);
  NodeId user = layer ? r.uses().only_user(node.outputs[0]) : kNone;
  if (user == kNone) return Visit::copy;
  const Node& norm = r.graph().node(user);
  ValueId weight = node.inputs[layer->weight], bias = node.inputs[layer->bias];
  bool foldable = norm.op->name == "batch_norm" && norm.inputs[0] == node.outputs[0] &&
                  r.uses().only_user(weight) != kNone &&
                  floats(r, {weight, bias, norm.inputs[1], norm.inputs[2], norm.inputs[3], norm.inputs[4]});
  if (!foldable) return Visit::copy;

  Affine affine = affine_of(r, norm);
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (i == layer->weight)
      inputs.push_back(r.replace_weight(weight, scaled(*r.data(weight), affine)));
    else if (i != layer->bias)
      inputs.push_back(r.map(node.inputs[i]));
    else if (bias != kNone && r.uses().only_user(bias) != kNone)
      inputs.push_back(r.replace_weight(bias, shifted(r.data(bias), affine)));
    else
      inputs.push_back(
          r.add_weight(r.fresh_name(node.name + ".bias"), shifted(r.data(bias), affine), WeightRole::parameter));
  }
  r.replace(norm.outputs[0], r.add_node(node.op->name, node.name, inputs, node.attrs)[0]);
  return Visit::done;
}

}  // namespace

Model fold_batch_norm(const Model& model) { return rewrite(model, visit); }

}  // namespace frugal
