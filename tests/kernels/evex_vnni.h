// AVX-VNNI's kernels in the encoding of AVX-512 VNNI, which more machines run; needs AVX512_VNNI and AVX512VL.
#pragma once

#include "kernels/block_linear_types.h"
#include "kernels/table.h"

namespace frugal::avx2 {
DotKernel<Int8Args> evex_vnni();
void fill_evex_block_vnni(BlockLinearTable& table);
}  // namespace frugal::avx2
