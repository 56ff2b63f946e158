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
// `weight_zeros`: also with those.
bool int8_fits(const KernelTable& table, const Conv2dShape& shape, bool weight_zeros = false);
bool int8_depthwise(const Int8Plan& plan);

// `weights`: [out_c][in_c / groups][kernel_h][kernel_w]. The result: the sums' starts, [whole blocks of out_c] int32,
// where weights are split (DotChunk) [chunks] of those, then
//   dense      as dot.h says
//   depthwise  [block][kh][kw][c] floats
//   scalar     as given
std::vector<std::uint8_t> int8_pack(const Int8Plan& plan, const std::int8_t* weights);

std::int64_t int8_scratch_bytes(const Int8Plan& plan, int threads);

// What is known at run time only, where it is: the sums' starts in place of the packed ones, and what zero points of
// weights ask for (Int8Args).
struct Int8Zeros {
  const std::int32_t* starts = nullptr;
  const std::int32_t* weight_zero = nullptr;
  const std::int32_t* window_sums = nullptr;
};
// Sums of (x - plan.in_zero) under the windows of one group, [batch * out_h * out_w], for Int8Zeros. `scratch`: as many
// as the input has pixels. The input in the layout that int8_run takes.
void int8_window_sums(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, std::int32_t* out,
                      std::int32_t* scratch);

// Bit-identical for any number of threads.
void int8_run(const Int8Plan& plan, ThreadPool& pool, const std::uint8_t* in, const std::uint8_t* packed, void* out,
              const Int8Epilogue& epilogue, std::uint8_t* scratch, const Int8Zeros& zeros = {});

}  // namespace frugal
