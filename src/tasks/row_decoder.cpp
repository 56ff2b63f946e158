#include "tasks/row_decoder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "engine/program.h"
#include "graph/passes/passes.h"
#include "tasks/row_scan.h"

namespace frugal {
namespace {

// Rows of a part for which there is room; beyond them, all are decoded. Few sizes, so that few are compiled.
constexpr std::size_t kRoom[] = {16, 64, 256, 1024};

// What decides about a row of these layouts (frugal/detect.h); nothing for others.
std::optional<RowQuestion> question_of(const Graph& graph, const TaskInfo& info) {
  const SymShape* shape = graph.outputs().empty() ? nullptr : &graph.value(graph.outputs()[0]).type.shape;
  if (!shape || shape->size() != 3 || info.layout == "fastestdet") return std::nullopt;
  const RowLayout layout(info.layout);
  RowQuestion question{layout.turned ? 2 : 1, layout.turned ? 1 : 2};
  const Dim& columns = (*shape)[static_cast<std::size_t>(question.column_axis)];
  if (!columns.fixed() || columns.value() < 5) return std::nullopt;
  question.first = RowLayout::kScores, question.end = layout.scores_end(columns.value());
  return question;
}

bool is_float(const RowSplit& split) {
  return std::all_of(split.network.graph.outputs().begin(), split.network.graph.outputs().end(),
                     [&](ValueId id) { return split.network.graph.value(id).type.dtype == DType::f32; }) &&
         std::all_of(split.inputs.begin(), split.inputs.end(),
                     [](const RowInput& in) { return !in.known.defined() || in.known.dtype() == DType::f32; });
}

SessionOptions borrowing(SessionOptions options) {
  options.borrow_outputs = true;
  return options;
}

// Where a number must lie for its sigmoid to exceed `confidence`, and a little below: a vector's exp is not exact, and
// what is decoded in vain is dropped by its score.
float least_before_sigmoid(float confidence) {
  const double p = std::min(static_cast<double>(confidence), 1.0) * (1 - 1e-4);
  if (p <= 0)  // NaN: everything is above
    return p < 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
  return static_cast<float>(std::log(p / (1 - p)));
}

// A tensor as [before, rows, behind].
struct RowView {
  std::int64_t before, rows, behind;
  RowView(const Shape& shape, int axis, int end)
      : before(product(shape, 0, axis)),
        rows(product(shape, axis, end)),
        behind(product(shape, end, static_cast<int>(shape.size()))) {}
};

// These rows, less `first_row`, one behind the other from row `to_row` on. Place by place of a row, where rows lie side
// by side: neighbours share cache lines.
void gather_rows(const float* from, const RowView& a, std::span<const std::int64_t> rows, std::int64_t first_row,
                 float* to, const RowView& b, std::int64_t to_row) {
  to += to_row * b.behind;
  for (std::int64_t i = 0; i < a.before; ++i, from += a.rows * a.behind, to += b.rows * b.behind)
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (a.behind == 1)
        to[k] = from[rows[k] - first_row];
      else
        std::copy_n(from + (rows[k] - first_row) * a.behind, a.behind, to + static_cast<std::int64_t>(k) * a.behind);
}

void copy_rows(const float* from, const RowView& a, std::int64_t from_row, float* to, const RowView& b,
               std::int64_t to_row, std::int64_t count) {
  from += from_row * a.behind, to += to_row * b.behind;
  for (std::int64_t i = 0; i < a.before; ++i, from += a.rows * a.behind, to += b.rows * b.behind)
    std::copy_n(from, count * a.behind, to);
}

}  // namespace

std::unique_ptr<RowDecoder> RowDecoder::make(const Session& session, const TaskInfo& info) {
  const Model& model = session.model();
  const std::optional<RowQuestion> question = question_of(model.graph, info);
  if (!question || !session.options().optimize) return nullptr;
  const KernelTable& table = active_kernels();
  std::optional<RowSplit> split = split_rows(
      simplify_shapes(fold_constants(
          model,
          [&](const Node& node, const std::vector<const Tensor*>& in) { return evaluate_node(node, in, table); })),
      *question);
  if (!split || !is_float(*split)) return nullptr;
  return std::unique_ptr<RowDecoder>(new RowDecoder(*std::move(split), *question, session.options(), session.pool()));
}

RowDecoder::RowDecoder(RowSplit split, const RowQuestion& question, const SessionOptions& options,
                       const std::shared_ptr<ThreadPool>& pool)
    : split_(std::move(split)),
      question_(question),
      network_(std::move(split_.network), borrowing(options), pool),
      marks_(static_cast<std::size_t>(split_.starts.back())) {}

std::vector<RowDecoder::Rows> RowDecoder::judged(float confidence) {
  std::fill(marks_.begin(), marks_.end(), std::uint8_t{0});
  for (const RowJudge& judge : split_.judges) {
    const Tensor& numbers = outputs_[judge.output];
    const Shape& shape = numbers.shape();
    const int rank = numbers.rank();
    const std::int64_t column_step = product(shape, judge.column_axis + 1, rank);
    const RowScan scan{numbers.data<float>() + judge.first * column_step, judge.dims.rows(),
                       product(shape, judge.dims.end(), rank), judge.end - judge.first, column_step};
    mark_rows_above(scan, judge.before_sigmoid ? least_before_sigmoid(confidence) : confidence,
                    marks_.data() + judge.dims.first_row);
  }
  std::vector<Rows> rows(split_.starts.size() - 1);
  for (std::size_t part = 0; part < rows.size(); ++part)
    for (std::int64_t row = split_.starts[part]; row < split_.starts[part + 1]; ++row)
      if (marks_[static_cast<std::size_t>(row)]) rows[part].push_back(row);
  return rows;
}

// With room for `most` rows of each part, where it has as many.
RowDecoder::Stage& RowDecoder::stage_for(std::int64_t most) {
  if (const auto found = stages_.find(most); found != stages_.end()) return found->second;
  Rows room;
  for (std::size_t part = 0; part + 1 < split_.starts.size(); ++part)
    room.push_back(std::min(most, split_.starts[part + 1] - split_.starts[part]));
  SessionOptions options = network_.options();
  options.profile = false;
  // A few rows are not worth a second thread.
  const bool all = most >= split_.starts.back();
  Stage stage{room, Session(split_.decoder(room), options, all ? network_.pool() : std::make_shared<ThreadPool>(1))};
  const Graph& graph = stage.session.model().graph;
  for (ValueId id : graph.inputs()) stage.inputs.emplace_back(DType::f32, fixed_shape(graph.value(id).type.shape));
  return stages_.emplace(most, std::move(stage)).first->second;
}

// Nothing to pick: the numbers stay where they are.
Tensor RowDecoder::all_rows() {
  Stage& stage = stage_for(split_.starts.back());
  for (std::size_t i = 0; i < split_.inputs.size(); ++i) {
    const RowInput& in = split_.inputs[i];
    stage.inputs[i] = (in.known.defined() ? in.known : outputs_[in.output]).reshape(stage.inputs[i].shape());
  }
  stage.session.run(stage.inputs, stage.outputs);
  return stage.outputs[0];
}

// What lies in the inputs beyond these rows stays: nobody looks at what becomes of it.
void RowDecoder::take(Stage& stage, const std::vector<Rows>& rows) const {
  for (std::size_t i = 0; i < split_.inputs.size(); ++i) {
    const RowInput& in = split_.inputs[i];
    const Tensor& from = in.known.defined() ? in.known : outputs_[in.output];
    Tensor& to = stage.inputs[i];
    const RowView a(from.shape(), in.dims.axis, in.dims.end()), b(to.shape(), in.dims.axis, in.dims.end());
    std::int64_t before = 0;
    for (std::size_t part = 0; part < rows.size(); ++part) {
      const std::int64_t start = split_.starts[part] - in.dims.first_row;
      if (start < 0 || start >= in.dims.rows()) continue;
      gather_rows(from.data<float>(), a, rows[part], in.dims.first_row, to.data<float>(), b, before);
      before += stage.room[part];
    }
  }
}

// The rows that were taken, one behind the other.
Tensor RowDecoder::without_gaps(const Stage& stage, const std::vector<Rows>& rows) const {
  const int axis = question_.row_axis;
  const Tensor& made = stage.outputs[0];
  Shape shape = made.shape();
  shape[static_cast<std::size_t>(axis)] = 0;
  for (const Rows& part : rows) shape[static_cast<std::size_t>(axis)] += static_cast<std::int64_t>(part.size());
  Tensor out(DType::f32, shape);
  const RowView from(made.shape(), axis, axis + 1), to(shape, axis, axis + 1);
  std::int64_t at = 0, to_row = 0;
  for (std::size_t part = 0; part < rows.size(); ++part) {
    const auto count = static_cast<std::int64_t>(rows[part].size());
    copy_rows(made.data<float>(), from, at, out.data<float>(), to, to_row, count);
    at += stage.room[part], to_row += count;
  }
  return out;
}

Tensor RowDecoder::run(const std::vector<Tensor>& inputs, float confidence) {
  network_.run(inputs, outputs_);
  const std::vector<Rows> rows = judged(confidence);
  std::size_t most = 0, all = 0;
  for (const Rows& part : rows) most = std::max(most, part.size()), all += part.size();
  const auto room = std::find_if(std::begin(kRoom), std::end(kRoom), [&](std::size_t n) { return n >= most; });
  if (room == std::end(kRoom) || 2 * all > marks_.size()) return all_rows();
  Stage& stage = stage_for(static_cast<std::int64_t>(*room));
  take(stage, rows);
  stage.session.run(stage.inputs, stage.outputs);
  return without_gaps(stage, rows);
}

}  // namespace frugal
