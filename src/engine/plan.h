// What the compiler works on: a list of steps over values with known shapes. Made from a graph, then
// changed by one pass after another (fuse.cpp, layout.cpp), placed in memory (storage.cpp,
// memory_plan.cpp), and turned into a Program.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/engine_op.h"
#include "frugal/model.h"

namespace frugal {

struct PlanValue {
  StoredType type;
  const Tensor* constant = nullptr;  // data of a weight
  int input = -1;                    // place among the graph's inputs
  std::size_t bytes() const { return type.bytes(); }
};

struct PlanStep {
  enum class Kind { op, reorder };  // reorder: the same value in another layout
  Kind kind = Kind::op;
  const Node* node = nullptr;  // of a reorder: nullptr
  const EngineOp* op = nullptr;
  std::vector<ValueId> inputs{};  // the node's, then the fused residual; kNone where absent
  std::vector<ValueId> outputs{};
  EpilogueSpec epilogue{};
  std::vector<EpilogueSpec> epilogues{};  // see NodeContext
  int residual_input = -1;
  std::optional<ByteRounding> rounding{};  // see NodeContext
  std::string name{};                      // of the node, and of those fused into it
};

struct Plan {
  std::vector<PlanValue> values;  // the graph's values, then those that passes add
  std::vector<PlanStep> steps;    // in the order of execution
  std::vector<ValueId> inputs, outputs;
  std::deque<Node> bound;  // nodes of the graph with symbols in their attributes, with numbers instead

  PlanValue& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  const PlanValue& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  ValueId add_value(PlanValue v) {
    values.push_back(std::move(v));
    return static_cast<ValueId>(values.size()) - 1;
  }
};

struct CompileOptions {
  bool optimize = true;
  bool winograd = true;
  bool round_in_stores = false;
  bool bf16 = false;
  bool int8 = false;
  int threads = 1;
  const KernelTable* kernels = nullptr;
  PackCache* packs = nullptr;
  ThreadPool* pool = nullptr;
  Arena* arena = nullptr;  // null: the program has one of its own
};

// One step a node, everything in the plain layout. The model must outlive the plan.
Plan make_plan(const Model& model, const std::vector<Shape>& input_shapes);

// Multiply-adds of a step; 0 where nobody counts them.
std::int64_t macs_of(const Plan& plan, const PlanStep& step);

// Everything an EngineOp is told about a step.
NodeContext context_of(const Plan& plan, const PlanStep& step, const CompileOptions& options);

// Activations and residual adds go into the producer's store where its op allows it. A residual must be
// there before the producer runs; with relu after the add, the activation comes after the residual.
void fuse(Plan& plan);

// Linear layers of one input whose weights are block-quantised or of 16 bits become one step (linear_group). After
// fuse().
void group_linears(Plan& plan);

// A value that is rounded by the layers that read it is stored rounded, where its producer can do that; as floats too
// only where somebody reads them. After fuse().
void round_in_stores(Plan& plan, const CompileOptions& options);

// Chooses plain or blocked layout for every value and inserts the reorders that this asks for. A node works in
// blocks where its op can and either prefers to or already gets a blocked input. Outputs come back plain.
void assign_layouts(Plan& plan, const CompileOptions& options);

// True where changing the layout of this value moves no byte (one pixel, whole blocks).
bool reorder_is_free(const StoredType& from, const StoredType& to);

}  // namespace frugal
