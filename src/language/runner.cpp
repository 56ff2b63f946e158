#include "language/runner.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace frugal {
namespace {

// A step has 1 to a few dozen rows while decoding and a chunk of a prompt else: each number is a shape of its own.
constexpr int kShapes = 128;

SessionOptions session_options(const RunnerOptions& options) {
  return {.threads = options.threads,
          .shapes = kShapes,
          .profile = options.profile,
          .borrow_outputs = true,
          .precision = options.exact ? "float32" : "int8"};
}

Tensor numbers(const std::vector<std::int32_t>& values) {
  static std::int32_t none = 0;  // a tensor without elements has an address, too
  void* data = values.empty() ? &none : const_cast<std::int32_t*>(values.data());
  return Tensor::wrap(DType::i32, {std::ssize(values)}, data, nullptr);
}

}  // namespace

Runner::Runner(Model model, const RunnerOptions& options)
    : session_(std::move(model), session_options(options)),
      cache_(cache_layers(session_.model().graph), options.cache, options.cache_bytes),
      step_(cache_) {
  const Graph& graph = session_.model().graph;
  const char* const names[] = {"tokens", "positions", "sequences", "rows"};
  bool fits = graph.inputs().size() == 4 && !graph.outputs().empty();
  for (std::size_t i = 0; fits && i < 4; ++i) fits = graph.value(graph.inputs()[i]).name == names[i];
  if (!fits) fail("'{}' is no language model: its inputs must be tokens, positions, sequences and rows", graph.name());
  vocabulary_ = graph.value(graph.outputs()[0]).type.shape[1].value();
}

std::span<float> Runner::run(const RowBatch& batch) {
  FRUGAL_ASSERT(batch.size() > 0);
  std::map<std::int32_t, std::int32_t> cells;  // of each sequence
  for (std::size_t i = 0; i < batch.cells.size(); ++i) {
    std::int32_t& most = cells[batch.sequences[i]];
    most = std::max(most, batch.cells[i] + 1);
  }
  for (const auto& [sequence, count] : cells) cache_.reserve(sequence, count);
  step_.begin(batch.sequences, batch.positions, batch.cells);
  inputs_ = {numbers(batch.tokens), numbers(batch.positions), numbers(batch.sequences), numbers(batch.wanted)};
  fresh_ = sizes_.emplace(batch.size(), batch.wanted.size()).second;
  session_.run(inputs_, outputs_, &step_);
  return {outputs_[0].data<float>(), static_cast<std::size_t>(outputs_[0].numel())};
}

}  // namespace frugal
