#include "graph/passes/row_walk.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>

#include "graph/op.h"

namespace frugal {
namespace {

constexpr std::string_view kUnary[] = {"abs",   "cast",  "ceil",    "celu",       "clip", "elu",  "erf",
                                       "exp",   "floor", "gelu",    "hard_swish", "log",  "mish", "hard_sigmoid",
                                       "neg",   "relu",  "relu6",   "leaky_relu", "selu", "silu", "reciprocal",
                                       "round", "sign",  "sigmoid", "softplus",   "sqrt", "tanh"};
constexpr std::string_view kBinary[] = {"add", "sub", "mul", "div", "pow", "maximum", "minimum"};
constexpr std::string_view kLayers[] = {"conv2d", "batch_norm", "add"};

template <std::size_t n>
bool among(const std::string_view (&names)[n], const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool has(const RowDims& dims, int axis) { return axis >= dims.axis && axis < dims.end(); }

// The dims of `in` that hold what dims begin ... end - 1 of `out` do.
std::optional<std::pair<int, int>> dims_before_reshape(const Shape& in, const Shape& out, int begin, int end) {
  const std::int64_t before = product(out, 0, begin), inner = product(out, begin, end);
  const int rank = static_cast<int>(in.size());
  int first = 0;
  while (first < rank && (product(in, 0, first) != before || (inner > 1 && in[static_cast<std::size_t>(first)] == 1)))
    ++first;
  int last = first + 1;
  while (last < rank && product(in, first, last) != inner) ++last;
  if (last > rank || product(in, 0, first) != before || product(in, first, last) != inner) return std::nullopt;
  return std::pair(first, last);
}

// All but the batch must be known.
std::vector<std::optional<Shape>> shapes_of_one_picture(const Graph& graph) {
  Bindings one;
  for (ValueId id : graph.inputs())
    if (const SymShape& shape = graph.value(id).type.shape; !shape.empty() && !shape[0].fixed())
      one.emplace(shape[0].text(), 1);
  std::vector<std::optional<Shape>> shapes;
  for (const Value& value : graph.values()) {
    const SymShape bound = frugal::bind(value.type.shape, one);
    shapes.push_back(fixed(bound) ? std::optional(fixed_shape(bound)) : std::nullopt);
  }
  return shapes;
}

}  // namespace

std::int64_t product(const Shape& shape, int begin, int end) {
  return std::accumulate(shape.begin() + begin, shape.begin() + end, std::int64_t{1}, std::multiplies<>());
}

int axis_of(const Node& node, const Shape& shape) {
  const std::int64_t axis = attr_int(node, "axis");
  return static_cast<int>(axis < 0 ? axis + static_cast<std::int64_t>(shape.size()) : axis);
}

std::optional<int> axis_before_reshape(const Shape& in, const Shape& out, int axis) {
  const auto found = dims_before_reshape(in, out, axis, axis + 1);
  return found && found->second == found->first + 1 ? std::optional(found->first) : std::nullopt;
}

RowWalk::RowWalk(std::shared_ptr<const Model> model, ValueId value, const RowDims& dims,
                 const std::vector<ValueId>& stops, bool layers)
    : model_(std::move(model)),
      uses_(model_->graph),
      layers_(layers),
      shapes_(shapes_of_one_picture(model_->graph)),
      rows_(shapes_.size()),
      inside_(model_->graph.nodes().size()) {
  Steps open{{value, dims}};
  while (!open.empty() && !failed_) {
    const auto [id, here] = open.back();
    open.pop_back();
    const auto at = static_cast<std::size_t>(id);
    if (rows_[at]) {
      failed_ = *rows_[at] != here;
      continue;
    }
    rows_[at] = here;
    const NodeId producer = model_->graph.value(id).producer;
    const bool stop = producer == kNone || std::find(stops.begin(), stops.end(), id) != stops.end();
    const std::optional<Steps> steps = stop ? std::nullopt : before(model_->graph.node(producer), here);
    if (!steps) {
      border_.push_back(id);
      continue;
    }
    inside_[static_cast<std::size_t>(producer)] = true;
    open.insert(open.end(), steps->begin(), steps->end());
  }
}

std::optional<RowWalk::Steps> RowWalk::before(const Node& node, const RowDims& dims) const {
  const std::string& op = node.op->name;
  for (const std::vector<ValueId>& ids : {node.inputs, node.outputs})
    for (ValueId id : ids)
      if (id != kNone && !has_shape(id)) return std::nullopt;
  const Steps same{{node.inputs[0], dims}};
  auto if_apart = [&](int axis) { return has(dims, axis) ? std::nullopt : std::optional(same); };
  if (is_weight(node.inputs[0]) && !among(kBinary, op) && op != "concat") return std::nullopt;
  if (among(kUnary, op)) return shared_activation(node) ? std::nullopt : std::optional(same);
  if (among(kBinary, op)) return before_elementwise(node, dims);
  if (op == "softmax" || op == "split") return if_apart(axis_of(node, shape(node.inputs[0])));
  if (op == "concat") return before_concat(node, dims);
  if (op == "reshape") return before_reshape(node, dims);
  if (op == "transpose") return before_transpose(node, dims);
  if (op == "conv2d" && narrows(node)) return same;
  if (op != "slice" || bound_node(node, {})) return std::nullopt;
  const Ints& axes = attr_ints(node, "axes");
  for (std::size_t i = 0; i < attr_ints(node, "starts").size(); ++i) {
    const std::int64_t axis = axes.empty() ? static_cast<std::int64_t>(i) : axes[i];
    if (has(dims, static_cast<int>(axis < 0 ? axis + static_cast<std::int64_t>(shape(node.inputs[0]).size()) : axis)))
      return std::nullopt;
  }
  return same;
}

std::optional<RowWalk::Steps> RowWalk::before_elementwise(const Node& node, const RowDims& dims) const {
  const int rank = static_cast<int>(shape(node.outputs[0]).size());
  Steps steps;
  for (ValueId id : node.inputs) {
    const Shape& in = shape(id);
    const int missing = rank - static_cast<int>(in.size());
    std::size_t equal = 0, one = 0;
    for (int d = dims.axis; d < dims.end(); ++d) {
      const std::int64_t size = d < missing ? 1 : in[static_cast<std::size_t>(d - missing)];
      const std::int64_t wanted = dims.extent[static_cast<std::size_t>(d - dims.axis)];
      equal += size == wanted;
      one += size == 1;
    }
    if (is_weight(id) && one == dims.extent.size()) continue;  // the same for all rows
    if (dims.axis < missing || (!is_weight(id) && equal < dims.extent.size())) return std::nullopt;
    steps.emplace_back(id, RowDims{dims.axis - missing, dims.extent, dims.first_row});
  }
  return steps;
}

std::optional<RowWalk::Steps> RowWalk::before_concat(const Node& node, const RowDims& dims) const {
  const int axis = axis_of(node, shape(node.outputs[0]));
  if (axis != dims.axis && has(dims, axis)) return std::nullopt;
  Steps steps;
  RowDims here = dims;
  for (ValueId id : node.inputs) {
    if (axis == dims.axis) here.extent[0] = shape(id)[static_cast<std::size_t>(axis)];
    steps.emplace_back(id, here);
    if (axis == dims.axis) here.first_row += here.rows();
  }
  return steps;
}

std::optional<RowWalk::Steps> RowWalk::before_reshape(const Node& node, const RowDims& dims) const {
  const Shape &in = shape(node.inputs[0]), &out = shape(node.outputs[0]);
  const auto found = dims_before_reshape(in, out, dims.axis, dims.end());
  if (!found) return std::nullopt;
  return Steps{
      {node.inputs[0], {found->first, Shape(in.begin() + found->first, in.begin() + found->second), dims.first_row}}};
}

std::optional<RowWalk::Steps> RowWalk::before_transpose(const Node& node, const RowDims& dims) const {
  const Ints& perm = attr_ints(node, "perm");
  const std::int64_t first = perm[static_cast<std::size_t>(dims.axis)];
  for (int d = dims.axis; d < dims.end(); ++d)
    if (perm[static_cast<std::size_t>(d)] != first + d - dims.axis) return std::nullopt;
  return Steps{{node.inputs[0], {static_cast<int>(first), dims.extent, dims.first_row}}};
}

// The activation of a layer that others read too: it stays in that layer's store.
bool RowWalk::shared_activation(const Node& node) const {
  const NodeId layer = model_->graph.value(node.inputs[0]).producer;
  return layer != kNone && among(kLayers, model_->graph.node(layer).op->name) && uses_.of(node.outputs[0]).size() > 1;
}

// Products of a row's channels with known weights: the mean of a distribution, or a layer before which rows are no
// wider than behind it.
bool RowWalk::narrows(const Node& node) const {
  for (std::size_t i = 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNone && !is_weight(node.inputs[i])) return false;
  const Shape& weight = shape(node.inputs[1]);
  const NodeId producer = model_->graph.value(node.inputs[0]).producer;
  if (weight[2] != 1 || weight[3] != 1 || attr_ints(node, "stride") != Ints{1, 1} ||
      attr_ints(node, "padding") != Ints{0, 0, 0, 0} || producer == kNone)
    return false;
  const std::string& before = model_->graph.node(producer).op->name;
  const bool of_softmax = before == "softmax" || before == "reshape" || before == "transpose";
  return of_softmax || (layers_ && weight[1] <= weight[0] && attr_int(node, "groups") == 1);
}

Tensor RowWalk::known_rows(ValueId weight) const {
  const Value& value = model_->graph.value(weight);
  const Tensor& from = model_->weights.find(value.name)->second;
  const RowDims& dims = *rows(weight);
  const Shape& in = from.shape();
  Shape out = in;
  std::copy(dims.extent.begin(), dims.extent.end(), out.begin() + dims.axis);
  Tensor made(from.dtype(), out);
  const std::size_t element = from.bytes() / static_cast<std::size_t>(std::max<std::int64_t>(1, from.numel()));
  Shape place(out.size(), 0);
  for (std::int64_t i = 0; i < made.numel(); ++i) {
    std::int64_t at = 0;
    for (std::size_t d = 0; d < out.size(); ++d) at = at * in[d] + (in[d] == 1 ? 0 : place[d]);
    std::memcpy(static_cast<std::byte*>(made.raw()) + static_cast<std::size_t>(i) * element,
                static_cast<const std::byte*>(from.raw()) + static_cast<std::size_t>(at) * element, element);
    for (std::size_t d = out.size(); d-- > 0 && ++place[d] == out[d];) place[d] = 0;
  }
  return made;
}

}  // namespace frugal
