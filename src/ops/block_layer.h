// Linear layers and tables with weights that are block-quantised or of 16 bits.
#pragma once

#include "engine/engine_op.h"
#include "kernels/block_linear.h"

namespace frugal {

// The weight at input `i` in packed form; every reader of one weight shares it.
struct BlockWeight {
  BlockLinearPlan plan;
  Tensor packed;
  const std::uint8_t* data() const { return packed.data<std::uint8_t>(); }
};
BlockWeight block_weight(const NodeContext& c, std::size_t i);

// Linear layers of x (input 0) with the weights at inputs 1, 3, 5 ... and their biases behind them, where the node has
// one output for each.
CompiledOp compile_block_linear(const NodeContext& c);

}  // namespace frugal
