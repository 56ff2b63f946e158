// A graph compiled for fixed input shapes: closures over pointers, in order.
#pragma once

#include <chrono>
#include <vector>

#include "engine/plan.h"
#include "engine/storage.h"
#include "frugal/session.h"

namespace frugal {

class Program {
 public:
  // The model and the options' arena must outlive the program.
  Program(const Model& model, std::vector<Shape> input_shapes, const CompileOptions& options);

  const std::vector<Shape>& input_shapes() const { return input_shapes_; }
  // Inputs of the shapes compiled for. Measures every step if `profile`. Outputs are allocated where they do not fit;
  // `borrow`: they become views of the arena, until its next use.
  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, ThreadPool& pool, bool profile,
           KvStep* cache = nullptr, bool borrow = false);

  const std::vector<NodeProfile>& profile() const { return profile_; }  // of the last run that was measured
  std::size_t arena_bytes() const { return arena_bytes_; }
  std::size_t packed_bytes() const { return packed_bytes_; }

 private:
  struct Step {
    CompiledOp op;
    std::vector<const void*> in;
    std::vector<void*> out;
    std::byte* scratch = nullptr;
    bool serial = false;  // too small to be worth a second thread
  };
  // Memory of the caller's: filled in at the start of every run.
  struct InputSlot {
    std::size_t step, slot, input, offset;
  };
  struct Output {
    DType dtype;
    Shape shape;
    const std::byte* data;  // nullptr: `offset` bytes into input `input`
    std::size_t input, offset, bytes;
  };

  void compile_steps(const Plan& plan, const Placement& placement, const CompileOptions& options);
  void bind_memory(const Plan& plan, const Placement& placement, bool reuse);
  void follow_arena();

  std::vector<Shape> input_shapes_;
  std::vector<Step> steps_;
  std::vector<std::size_t> plan_step_;  // of each step: its place in the plan
  std::vector<InputSlot> input_slots_;
  std::vector<Output> outputs_;
  std::vector<NodeProfile> profile_;
  Arena own_arena_;
  Arena* arena_;
  std::byte* base_ = nullptr;  // where the arena was when the pointers were made
  std::size_t arena_bytes_ = 0;
  ThreadPool serial_{1};
  std::size_t packed_bytes_ = 0;
};

// Symbol sizes that make the graph's input types equal the given shapes; Error names the input that does not fit.
Bindings bind_inputs(const Graph& graph, const std::vector<Shape>& shapes);

// Runs one node on one thread: constant folding.
std::vector<Tensor> evaluate_node(const Node& node, const std::vector<const Tensor*>& inputs,
                                  const KernelTable& kernels);

}  // namespace frugal
