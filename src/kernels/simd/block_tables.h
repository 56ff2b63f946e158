// Each file of an instruction set fills its part of the table of block-quantised layers.
#pragma once

#include "kernels/block_linear_types.h"

namespace frugal {
namespace scalar {
void fill_block_linear(BlockLinearTable& table);
}
namespace avx2 {
void fill_block_linear(BlockLinearTable& table);
void fill_block_quantized(BlockLinearTable& table);
void fill_block_vnni(BlockLinearTable& table);
}  // namespace avx2
namespace avx512 {
void fill_block_linear(BlockLinearTable& table);
void fill_block_quantized(BlockLinearTable& table);
}  // namespace avx512
}  // namespace frugal
