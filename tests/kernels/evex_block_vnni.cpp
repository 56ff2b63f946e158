#include "kernels/evex_vnni.h"

#define FRUGAL_VNNI_ENCODING ""
#include "kernels/simd/block_vnni_avx2.h"

namespace frugal::avx2 {

void fill_evex_block_vnni(BlockLinearTable& table) { fill_quantized(table, "vpdpbusd"); }

}  // namespace frugal::avx2
