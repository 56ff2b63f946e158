// A 1x1 convolution changes the channels of each pixel alike, a resampling mixes pixels of each channel alike with
// weights that add up to 1: the two commute, bias included, so the convolution runs where there are fewer pixels.
#include <algorithm>
#include <optional>

#include "graph/op.h"
#include "graph/passes/channel_affine.h"
#include "graph/passes/passes.h"
#include "graph/rewrite.h"

namespace frugal {
namespace {

// Below this the convolution costs about what resampling other channels, and an activation on its own, do.
constexpr std::int64_t kFewestChannels = 16;

const Node* producer(const Graph& graph, ValueId value) {
  const NodeId id = graph.value(value).producer;
  return id == kNone ? nullptr : &graph.node(id);
}

bool is_pointwise(const Rewriter& r, const Node& node) {
  if (node.op->name != "conv2d" || !have_floats(r, {node.inputs[1], node.inputs.size() > 2 ? node.inputs[2] : kNone}))
    return false;
  const Shape& weight = r.data(node.inputs[1])->shape();
  return weight[2] == 1 && weight[3] == 1 && attr_int(node, "groups") == 1 && attr_ints(node, "stride") == Ints{1, 1} &&
         attr_ints(node, "padding") == Ints{0, 0, 0, 0} && std::min(weight[0], weight[1]) >= kFewestChannels;
}

std::optional<std::int64_t> pixels(const ValueType& type) {
  if (!type.shape[2].fixed() || !type.shape[3].fixed()) return std::nullopt;
  return type.shape[2].value() * type.shape[3].value();
}

bool enlarges(const Graph& graph, const Node& node) {
  if (node.op->name != "resize") return false;
  const auto in = pixels(graph.value(node.inputs[0]).type), out = pixels(graph.value(node.outputs[0]).type);
  if (in && out) return *out > *in;
  const Floats& scale = attr_reals(node, "scale");
  return !scale.empty() && scale[0] >= 1 && scale[1] >= 1 && scale[0] * scale[1] > 1;
}

// Pooling whose weights add up to 1 at the border too.
bool averages(const Graph& graph, const Node& node) {
  const std::string& op = node.op->name;
  if (op == "avg_pool2d" && (attr_ints(node, "padding") != Ints{0, 0, 0, 0} || attr_flag(node, "ceil_mode")))
    return false;
  if (op != "avg_pool2d" && op != "adaptive_avg_pool2d") return false;
  const auto in = pixels(graph.value(node.inputs[0]).type), out = pixels(graph.value(node.outputs[0]).type);
  return in && out && *out < *in;
}

// Input channels of a concat, where they stand, and what enlarges them.
struct Part {
  ValueId value;  // of the result
  std::int64_t begin, count;
  std::optional<Node> resize{};
};

// The columns of a weight [out, in, 1, 1] that belong to these parts.
Tensor columns(const Tensor& weight, const std::vector<Part>& parts) {
  const std::int64_t out = weight.dim(0), in = weight.dim(1);
  std::int64_t count = 0;
  for (const Part& p : parts) count += p.count;
  Tensor made(DType::f32, {out, count, 1, 1});
  float* to = made.data<float>();
  for (std::int64_t o = 0; o < out; ++o)
    for (const Part& p : parts) to = std::copy_n(weight.data<float>() + o * in + p.begin, p.count, to);
  return made;
}

// The convolution `like` of another value, with another weight.
ValueId convolve(Rewriter& r, const Node& like, const std::string& name, ValueId x, ValueId weight, ValueId bias) {
  std::vector<ValueId> inputs{x, weight};
  if (bias != kNone) inputs.push_back(bias);
  return r.add_node("conv2d", name, std::move(inputs), like.attrs)[0];
}

ValueId bias_of(Rewriter& r, const Node& conv) { return conv.inputs.size() > 2 ? r.map(conv.inputs[2]) : kNone; }

// What makes a value of the source in the result, where that enlarges and one node alone reads it.
std::optional<Node> enlarged_once(Rewriter& r, ValueId value) {
  const Node* resize = r.uses().only_user(value) == kNone ? nullptr : producer(r.result(), r.map(value));
  return resize && enlarges(r.result(), *resize) ? std::optional(*resize) : std::nullopt;
}

Visit before_resize(Rewriter& r, const Node& conv, const Node& resize) {
  const ValueId small =
      convolve(r, conv, r.fresh_name(conv.name), resize.inputs[0], r.map(conv.inputs[1]), bias_of(r, conv));
  r.replace(conv.outputs[0], r.add_node("resize", conv.name, {small}, resize.attrs)[0]);
  return Visit::done;
}

// conv(concat(a, resize(b))) = conv_a(a) + resize(conv_b(b)): the sum goes into the store of conv_a.
Visit before_concat(Rewriter& r, const Node& conv, const Node& concat) {
  if (attr_int(concat, "axis") != 1 || r.uses().only_user(conv.inputs[0]) == kNone ||
      r.uses().only_user(conv.inputs[1]) == kNone)
    return Visit::copy;
  std::vector<Part> enlarged, rest;
  std::int64_t at = 0;
  for (ValueId id : concat.inputs) {
    const Dim& channels = r.graph().value(id).type.shape[1];
    if (!channels.fixed()) return Visit::copy;
    Part part{r.map(id), at, channels.value()};
    at += part.count;
    if (part.count >= kFewestChannels) part.resize = enlarged_once(r, id);
    (part.resize ? enlarged : rest).push_back(std::move(part));
  }
  if (enlarged.empty() || rest.empty()) return Visit::copy;
  auto part_of = [&](const std::string& name, ValueId x, const std::vector<Part>& parts, ValueId bias) {
    const Tensor& weight = *r.data(conv.inputs[1]);
    const std::string own = r.fresh_name(conv.name + name);
    return convolve(r, conv, own, x,
                    r.add_weight(r.fresh_name(own + ".weight"), columns(weight, parts), WeightRole::parameter), bias);
  };
  std::vector<ValueId> sums, values;
  for (const Part& p : enlarged) {
    const ValueId small = part_of(".enlarged", p.resize->inputs[0], {p}, kNone);
    sums.push_back(r.add_node("resize", r.fresh_name(p.resize->name), {small}, p.resize->attrs)[0]);
  }
  for (const Part& p : rest) values.push_back(p.value);
  const ValueId together =
      values.size() == 1 ? values[0] : r.add_node("concat", r.fresh_name(concat.name), values, {{"axis", 1}})[0];
  ValueId sum = part_of(".rest", together, rest, bias_of(r, conv));
  for (std::size_t i = 0; i < sums.size(); ++i)
    sum = r.add_node("add", i + 1 == sums.size() ? conv.name : r.fresh_name(conv.name), {sum, sums[i]}, {})[0];
  r.replace(conv.outputs[0], sum);
  return Visit::done;
}

Visit behind_pooling(Rewriter& r, const Node& pool, const Node& conv) {
  if (r.uses().only_user(pool.inputs[0]) == kNone || !is_pointwise(r, conv)) return Visit::copy;
  const ValueId small = r.add_node(pool.op->name, r.fresh_name(pool.name), {r.map(conv.inputs[0])}, pool.attrs)[0];
  r.replace(pool.outputs[0], convolve(r, conv, pool.name, small, r.map(conv.inputs[1]), bias_of(r, conv)));
  return Visit::done;
}

}  // namespace

Model commute_pointwise(const Model& model) {
  return remove_dead_code(rewrite(model, [](Rewriter& r, const Node& node) {
    const Node* before = node.inputs.empty() || node.inputs[0] == kNone ? nullptr : producer(r.graph(), node.inputs[0]);
    if (!before) return Visit::copy;
    if (averages(r.graph(), node)) return behind_pooling(r, node, *before);
    if (!is_pointwise(r, node)) return Visit::copy;
    if (std::optional<Node> resize = enlarged_once(r, node.inputs[0])) return before_resize(r, node, *resize);
    return before->op->name == "concat" ? before_concat(r, node, *before) : Visit::copy;
  }));
}

}  // namespace frugal
