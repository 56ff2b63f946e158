// Runs only where avx_vnni_supported().
#define FRUGAL_VNNI_ENCODING "%{vex%} "
#include "kernels/simd/block_vnni_avx2.h"

namespace frugal::avx2 {

void fill_block_vnni(BlockLinearTable& table) { fill_quantized(table, "vpdpbusd"); }

}  // namespace frugal::avx2
