#include "graph/passes/split_rows.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/check.h"
#include "graph/op.h"
#include "graph/passes/passes.h"
#include "graph/passes/row_walk.h"

namespace frugal {
namespace {

// Columns first ... end - 1 of a value along an axis.
struct Columns {
  ValueId value;
  int axis;
  std::int64_t first, end;
  bool before_sigmoid = false;
};

// Follows columns back to where they are made, part by part where rows are put one behind the other.
class Follower {
 public:
  Follower(const Graph& graph, const RowWalk& walk) : graph_(graph), walk_(walk) {}

  std::vector<Columns> run(Columns from) const {
    std::vector<Columns> open{from}, found;
    while (!open.empty()) {
      const Columns here = open.back();
      open.pop_back();
      const std::vector<Columns> before = step(here);
      if (before.empty()) found.push_back(here);
      open.insert(open.end(), before.begin(), before.end());
    }
    return found;
  }

 private:
  // Nothing where they are made by an op that cannot be looked through.
  std::vector<Columns> step(Columns c) const {
    const NodeId producer = graph_.value(c.value).producer;
    if (producer == kNone || !walk_.inside(producer)) return {};
    const Node& node = graph_.node(producer);
    const std::string& op = node.op->name;
    if (op == "concat") return before_concat(node, c);
    if (op == "split" && !before_split(node, c)) return {};
    if (op == "slice" && !before_slice(node, c)) return {};
    const ValueId made = std::exchange(c.value, node.inputs[0]);
    if (op == "split" || op == "slice") return {c};
    if (op == "sigmoid" && !c.before_sigmoid) {
      c.before_sigmoid = true;
      return {c};
    }
    if (op == "transpose") {
      c.axis = static_cast<int>(attr_ints(node, "perm")[static_cast<std::size_t>(c.axis)]);
      return {c};
    }
    if (op != "reshape") return {};
    const std::optional<int> axis = axis_before_reshape(walk_.shape(c.value), walk_.shape(made), c.axis);
    if (!axis) return {};
    c.axis = *axis;
    return {c};
  }

  std::vector<Columns> before_concat(const Node& node, const Columns& c) const {
    const int axis = axis_of(node, walk_.shape(c.value));
    std::vector<Columns> parts;
    std::int64_t at = 0;
    for (ValueId id : node.inputs) {
      const std::int64_t size = walk_.shape(id)[static_cast<std::size_t>(axis)];
      if (axis != c.axis)
        parts.push_back({id, c.axis, c.first, c.end, c.before_sigmoid});
      else if (c.first >= at && c.end <= at + size)
        parts.push_back({id, c.axis, c.first - at, c.end - at, c.before_sigmoid});
      at += size;
    }
    const bool of_rows = axis == walk_.rows(c.value)->axis;
    return of_rows || axis == c.axis ? parts : std::vector<Columns>{};
  }

  static bool before_split(const Node& node, Columns& c) {
    std::int64_t before = 0;
    for (std::size_t i = 0; node.outputs[i] != c.value; ++i) before += attr_ints(node, "sizes")[i];
    c.first += before, c.end += before;
    return attr_int(node, "axis") == c.axis;
  }

  bool before_slice(const Node& node, Columns& c) const {
    const Ints &axes = attr_ints(node, "axes"), &steps = attr_ints(node, "steps");
    const std::int64_t axis = axes.empty() ? 0 : axes[0], start = attr_ints(node, "starts")[0];
    const std::int64_t size = walk_.shape(node.inputs[0])[static_cast<std::size_t>(c.axis)];
    const std::int64_t before = std::clamp<std::int64_t>(start < 0 ? start + size : start, 0, size);
    c.first += before, c.end += before;
    return attr_ints(node, "starts").size() == 1 && axis == c.axis && (steps.empty() || steps[0] == 1);
  }

  const Graph& graph_;
  const RowWalk& walk_;
};

// What makes the rows, to be made for any number of them.
class DecoderMaker {
 public:
  DecoderMaker(std::shared_ptr<const Model> model, RowWalk walk, std::vector<std::int64_t> starts,
               std::vector<ValueId> inputs)
      : model_(std::move(model)), walk_(std::move(walk)), starts_(std::move(starts)), inputs_(std::move(inputs)) {}

  Model operator()(const std::vector<std::int64_t>& rows) const {
    const Graph& graph = model_->graph;
    Model made{Graph(graph.name() + " rows"), {}, {}};
    std::vector<ValueId> map(graph.values().size(), kNone);
    for (ValueId id : inputs_) {
      const Shape shape = shape_for(id, rows);
      map[static_cast<std::size_t>(id)] = made.graph.add_input(
          graph.value(id).name, {graph.value(id).type.dtype, SymShape(shape.begin(), shape.end())});
    }
    auto mapped = [&](ValueId id) {
      if (id == kNone) return kNone;
      ValueId& to = map[static_cast<std::size_t>(id)];
      if (to == kNone) {  // a weight that is the same for all rows
        const Value& value = graph.value(id);
        const Tensor& data = model_->weights.find(value.name)->second;
        to = made.graph.add_weight(value.name, data.dtype(), data.shape(), value.role, value.init);
        made.weights.emplace(value.name, data);
      }
      return to;
    };
    for (NodeId n = 0; n < static_cast<NodeId>(graph.nodes().size()); ++n) {
      if (!walk_.inside(n)) continue;
      const Node& node = graph.node(n);
      std::vector<ValueId> inputs;
      for (ValueId id : node.inputs) inputs.push_back(mapped(id));
      Attrs attrs = node.attrs;
      if (node.op->name == "reshape") attrs["shape"] = Attr(Ints(shape_for(node.outputs[0], rows)));
      const std::vector<ValueId> outputs =
          made.graph.add_node(node.op->name, node.name, std::move(inputs), std::move(attrs));
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        map[static_cast<std::size_t>(node.outputs[i])] = outputs[i];
        if (!walk_.rows(node.outputs[i])) continue;
        const Shape shape = shape_for(node.outputs[i], rows);
        require(made.graph.value(outputs[i]).type.shape == SymShape(shape.begin(), shape.end()), "'{}' mixes rows",
                node.name);
      }
    }
    made.graph.add_output(map[static_cast<std::size_t>(graph.outputs()[0])], graph.output_name(0));
    return made;
  }

 private:
  Shape shape_for(ValueId id, const std::vector<std::int64_t>& rows) const {
    const RowDims& dims = *walk_.rows(id);
    std::int64_t count = 0;
    for (std::size_t part = 0; part < rows.size(); ++part)
      if (starts_[part] >= dims.first_row && starts_[part] < dims.first_row + dims.rows()) count += rows[part];
    Shape shape = walk_.shape(id);
    std::fill(shape.begin() + dims.axis, shape.begin() + dims.end(), 1);
    shape[static_cast<std::size_t>(dims.axis)] = count;
    return shape;
  }

  std::shared_ptr<const Model> model_;
  RowWalk walk_;
  std::vector<std::int64_t> starts_;
  std::vector<ValueId> inputs_;
};

}  // namespace

std::optional<RowSplit> split_rows(const Model& model, const RowQuestion& question) {
  const ValueId out = model.graph.outputs().empty() ? kNone : model.graph.outputs()[0];
  if (out == kNone) return std::nullopt;
  const Dim& rows = model.graph.value(out).type.shape.at(static_cast<std::size_t>(question.row_axis));
  if (!rows.fixed() || rows.value() < 1) return std::nullopt;
  const auto source = std::make_shared<const Model>(model);
  const RowDims dims{question.row_axis, {rows.value()}, 0};
  const Columns columns{out, question.column_axis, question.first, question.end};
  // What is judged has to be there of all rows; layers are cut off where nothing of theirs is.
  const RowWalk plain(source, out, dims, {}, false);
  if (plain.failed()) return std::nullopt;
  std::vector<ValueId> judged;
  for (const Columns& c : Follower(model.graph, plain).run(columns)) judged.push_back(c.value);
  const RowWalk walk(source, out, dims, judged, true);
  if (walk.failed()) return std::nullopt;
  RowSplit split;
  std::vector<ValueId> outputs;
  auto output = [&](ValueId id) {
    const auto found = std::find(outputs.begin(), outputs.end(), id);
    if (found == outputs.end()) return outputs.push_back(id), outputs.size() - 1;
    return static_cast<std::size_t>(found - outputs.begin());
  };
  for (const Columns& c : Follower(model.graph, walk).run(columns)) {
    if (c.value == out || model.graph.value(c.value).kind == ValueKind::weight) return std::nullopt;
    split.judges.push_back({output(c.value), *walk.rows(c.value), c.axis, c.first, c.end, c.before_sigmoid});
  }
  std::set<std::int64_t> starts{0, rows.value()};
  for (ValueId id : walk.border()) {
    const RowDims& here = *walk.rows(id);
    starts.insert({here.first_row, here.first_row + here.rows()});
    split.inputs.push_back({here});
    if (model.graph.value(id).kind == ValueKind::weight)
      split.inputs.back().known = walk.known_rows(id);
    else
      split.inputs.back().output = output(id);
  }
  split.starts.assign(starts.begin(), starts.end());
  split.network = cut_at(model, outputs);
  split.decoder = DecoderMaker(source, walk, split.starts, walk.border());
  try {
    split.decoder(std::vector<std::int64_t>(split.starts.size() - 1, 2));
  } catch (const Error&) {  // shapes that follow from the number of rows in another way
    return std::nullopt;
  }
  return split;
}

}  // namespace frugal
