// bfloat16 convolutions and linear layers on a thread pool: float32 in and out, products of rounded numbers, float32
// sums.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace frugal {

struct Bf16Plan {
  const KernelTable* table;
  Conv2dShape shape;  // of a linear layer: see Int8Args
  bool row_major = false;
};

// The instruction set has the kernel, and it takes this shape; single channels a group stay with float32.
bool bf16_fits(const KernelTable& table, const Conv2dShape& shape);
// `weights`: [out_c][in_c / groups][kernel_h][kernel_w]; packed as kernels/dot.h says, scalar as given.
std::vector<std::uint16_t> bf16_pack(const Bf16Plan& plan, const float* weights);
std::int64_t bf16_scratch_bytes(const Bf16Plan& plan, int threads);
// Bit-identical for any number of threads. Maps are blocked, or plain where the plan is row-major or the table scalar.
void bf16_run(const Bf16Plan& plan, ThreadPool& pool, const float* in, const std::uint16_t* packed, float* out,
              const Epilogue& epilogue, std::uint8_t* scratch);

}  // namespace frugal
