// 8-bit convolutions and linear layers on a thread pool: which shapes fit, weight packing, scratch.
#pragma once

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace frugal {

struct Int8Plan {
  const KernelTable* table;
  Conv2dShape shape;  // of a linear layer: see Int8Args
  bool row_major = false;
  std::int32_t in_zero = 0;
  bool pairs = false;  // see int8_pairs_fit
};

// True where the weights [out_c][in_c / groups][taps] suit a faster kernel that this instruction set has for weights
// whose neighbours are small (kernels/simd/int8_pairs.h).
bool int8_pairs_fit(const KernelTable& table, const Conv2dShape& shape, const std::int8_t* weights);

// Sums stay within int32, groups are single channels or whole channel blocks.
bool int8_fits(const KernelTable& table, const Conv2dShape& shape);
bool int8_depthwise(const Int8Plan& plan);

// Bytes: the sums' starts, [whole blocks of out_c] int32, then
//   dense      [group][chunk][input block][kh][kw][dot product][chunk][step], bytes or 16-bit words
//   depthwise  [block][kh][kw][c] floats
//   scalar     as given
std::int64_t int8_packed_bytes(const Int8Plan& plan);
// `weights`: [out_c][in_c / groups][kernel_h][kernel_w].
void int8_pack(const Int8Plan& plan, const std::int8_t* weights, std::uint8_t* packed);

std::int64_t int8_scratch_bytes(const Int8Plan& plan, int threads);
// Bit-identical for any number of threads.
void int8_run(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, const std::uint8_t* packed, void* out,
              const Int8Epilogue& epilogue, std::uint8_t* scratch);

}  // namespace frugal
