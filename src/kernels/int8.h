// 8-bit convolutions and linear layers on a thread pool: which shapes fit, weight packing, scratch.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace frugal {

struct Int8Plan {
  const KernelTable* table;
  Conv2dShape shape;  // of a linear layer: see Int8Args
  bool row_major = false;
  std::int32_t in_zero = 0;
  bool words = false;  // see int8_prefers_words
};

// True where a kernel that splits weights (DotChunk) would split so many of these that the one on words
// (kernels/simd/int8_words.h) is faster.
bool int8_prefers_words(const Int8Plan& plan, const std::int8_t* weights);
// The name of what multiplies.
const char* int8_instruction(const Int8Plan& plan);

// Sums stay within int32, groups are single channels or whole channel blocks.
bool int8_fits(const KernelTable& table, const Conv2dShape& shape);
bool int8_depthwise(const Int8Plan& plan);

// `weights`: [out_c][in_c / groups][kernel_h][kernel_w]. The result: the sums' starts, [whole blocks of out_c] int32,
// where weights are split (DotChunk) [chunks] of those, then
//   dense      as dot.h says
//   depthwise  [block][kh][kw][c] floats
//   scalar     as given
std::vector<std::uint8_t> int8_pack(const Int8Plan& plan, const std::int8_t* weights);

std::int64_t int8_scratch_bytes(const Int8Plan& plan, int threads);
// Bit-identical for any number of threads. `starts`: in place of the packed ones.
void int8_run(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, const std::uint8_t* packed, void* out,
              const Int8Epilogue& epilogue, std::uint8_t* scratch, const std::int32_t* starts = nullptr);

}  // namespace frugal
