// A graph compiled for fixed input shapes.
#pragma once

#include <vector>

#include "engine/engine_op.h"
#include "frugal/model.h"
#include "frugal/session.h"

namespace frugal {

class Program {
 public:
  Program(const Model& model, const std::vector<Shape>& input_shapes, const SessionOptions& options, int threads);

  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs, ThreadPool& pool);
  std::vector<NodeProfile> profile() const { return {}; }
  std::size_t arena_bytes() const { return arena_bytes_; }
  std::size_t packed_bytes() const { return packed_bytes_; }

 private:
  struct Step {
    CompiledOp op;
    std::vector<const void*> in;
    std::vector<void*> out;
  };

  std::vector<Tensor> values_;   // one a graph value
  std::vector<Step> steps_;
  std::vector<ValueId> inputs_, outputs_;
  Tensor scratch_;
  std::size_t arena_bytes_ = 0, packed_bytes_ = 0;
};

// Symbol sizes that make the graph's input types equal the given shapes; Error names the input that does not fit.
Bindings bind_inputs(const Graph& graph, const std::vector<Shape>& shapes);

}  // namespace frugal
