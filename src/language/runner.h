// Runs a language model's graph over a cache, one ragged batch after another.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <utility>

#include "engine/kv_cache.h"
#include "frugal/session.h"
#include "language/batch.h"

namespace frugal {

struct RunnerOptions {
  int threads = 0;
  CacheType cache = CacheType::f16;
  std::size_t cache_bytes = std::size_t{1} << 30;
  bool exact = false;    // activations stay float32; else layers with block-quantised weights round them to 8 bits
  bool profile = false;  // session().profile() tells the time of every node
};

class Runner {
 public:
  // A graph of build_decoder(), with its weights.
  Runner(Model model, const RunnerOptions& options);

  KvCache& cache() { return cache_; }
  std::int64_t vocabulary() const { return vocabulary_; }
  Session& session() { return session_; }

  // One step: reserves cells for every row, writes them and attends. Committing is the caller's. Row i of the result,
  // [wanted, vocabulary], belongs to batch.wanted[i]; it is overwritten by the next step.
  std::span<float> run(const RowBatch& batch);
  // Whether the last step was the first of its size, which compiles: its time tells nothing.
  bool fresh() const { return fresh_; }
  // Further outputs of the graph at the last step (DecoderConfig::taps).
  const Tensor& output(std::size_t i) const { return outputs_[i]; }

 private:
  Session session_;
  KvCache cache_;
  KvStep step_;
  std::int64_t vocabulary_ = 0;
  std::vector<Tensor> inputs_, outputs_;
  std::set<std::pair<std::int32_t, std::size_t>> sizes_;  // of rows and of those wanted
  bool fresh_ = false;
};

}  // namespace frugal
