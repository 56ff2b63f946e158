// Linear layers with block-quantised or 16-bit weights on a thread pool: packing, splitting, scratch.
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "frugal/tensor.h"
#include "kernels/block_linear_types.h"
#include "kernels/kernels.h"

namespace frugal {

const BlockLinearTable& block_linear_table(Isa isa);  // the ISA must be supported

struct BlockLinearPlan {
  const BlockLinearTable* table;
  DType type;  // has_block_form()
  std::int64_t n, k;
};

// Packed weights have about the bytes of their source: of n rounded up to whole panels.
std::int64_t block_packed_bytes(const BlockLinearPlan& plan);
// `weights`: [n][k] of plan.type.
void block_pack(const BlockLinearPlan& plan, ThreadPool& pool, const void* weights, std::uint8_t* packed);
// Row `row` of packed weights as float32: exactly dequantize_row()'s numbers.
void block_row(const BlockLinearPlan& plan, const std::uint8_t* packed, std::int64_t row, float* out);

// One of several layers with the same input.
struct BlockLinearOutput {
  BlockLinearPlan plan;
  const std::uint8_t* packed;
  float* out;
  Epilogue epilogue;
};

// Of a quantized run.
std::int64_t block_linear_scratch_bytes(std::int64_t rows, std::int64_t k, int threads);

// y = epilogue(x W^T) of each layer, x [rows][k]. `quantized`: the input is rounded to 8 bits with a scale for each 32
// numbers of a row (QuantizedUnit), which layers of 16-bit weights leave as it is. Bit-identical for any number of
// threads, and a row's numbers are the same whatever the other rows are and how many.
void block_linear_run(ThreadPool& pool, std::int64_t rows, std::int64_t k, const float* x, bool quantized,
                      std::span<const BlockLinearOutput> layers, std::uint8_t* scratch);

}  // namespace frugal
