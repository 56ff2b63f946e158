// Runs a model on this machine's CPU.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "frugal/model.h"

namespace frugal {

class KvStep;
class ThreadPool;

struct SessionOptions {
  int threads = 0;              // 0: every core this process may use
  int shapes = 8;               // input shapes whose compiled programs are kept
  bool optimize = true;         // fusion, blocked layouts, fast kernels; off: the plain graph, node by node
  bool winograd = true;         // convolutions may use Winograd's algorithm (rounding differs slightly)
  bool profile = false;         // measure every node
  bool borrow_outputs = false;  // outputs are views of the session's memory, until its next run, and not copied
  // Adder layers of bytes store their results rounded for the layers that read them: the same bits, a quarter of the
  // bytes between two layers, and a little slower on Zen 4 (docs/engine.md).
  bool round_in_stores = false;
  // "float32". "bf16": convolutions and linear layers round inputs and weights to bfloat16, sums are float32; where the
  // processor has no AVX512_BF16, a warning, and float32. "int8": layers of block-quantised weights (q4_k and the like)
  // round their inputs to 8 bits with a scale for each 32 of them; in float32 they take both as the numbers they are.
  std::string precision = "float32";
  std::string isa{};  // "scalar", "avx2" or "avx512"; empty: $FRUGAL_ISA, else the best this machine has
};

struct NodeProfile {
  std::string name, op, algorithm;
  double milliseconds = 0;  // of the last run
  std::int64_t macs = 0;
  double start_milliseconds = 0;  // since the start of the run
};

// Compiles for the shapes it is given and keeps what it compiled: the first run with new input
// shapes compiles, later runs with the same shapes allocate nothing inside the engine.
// Not thread-safe: one session a thread. Results do not depend on the number of threads.
class Session {
 public:
  explicit Session(Model model, SessionOptions options = {});
  // On threads of another one, with which it takes turns; `options.threads` counts for nothing.
  Session(Model model, SessionOptions options, std::shared_ptr<ThreadPool> pool);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  const Model& model() const;
  const SessionOptions& options() const;
  // Inputs in the graph's order; Error names an input whose type or shape does not fit.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs);
  // The same with outputs that the caller keeps: tensors of the right type and shape are reused.
  // `cache`: for language models, the step of a cache that the rows belong to (engine/kv_cache.h).
  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, KvStep* cache = nullptr);

  std::vector<NodeProfile> profile() const;  // of the last run; empty unless options.profile
  std::size_t arena_bytes() const;           // memory of activations and scratch, of the largest shapes
  std::size_t packed_bytes() const;          // memory of packed weights
  int threads() const;
  const std::shared_ptr<ThreadPool>& pool() const;  // also for what comes before a run and behind it

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frugal
