// GEMM on a thread pool: packing, splitting and scratch in one place.
#pragma once

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace frugal {

std::int64_t gemm_packed_floats(const KernelTable& table, std::int64_t n, std::int64_t k);
std::int64_t gemm_scratch_floats(const KernelTable& table, std::int64_t k, int threads);

// b is [k][n] with row stride ldb, or [n][k] where `transposed` (the layout of a linear layer's weights).
void gemm_pack(const KernelTable& table, ThreadPool& pool, std::int64_t n, std::int64_t k, const float* b,
               std::int64_t ldb, bool transposed, float* packed);

// Splits rows or columns over the pool, whichever wastes less. Scratch: gemm_scratch_floats().
void gemm_run(const KernelTable& table, ThreadPool& pool, const GemmArgs& args, float* scratch);

}  // namespace frugal
