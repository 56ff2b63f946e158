// Runs only where avx_vnni_supported(). The instruction stands in assembler, so the file needs no flag of its own.
#include "kernels/simd/int8_avx2.h"

#define FRUGAL_VNNI_ENCODING "%{vex%} "
#include "kernels/simd/int8_vnni.inl"

namespace frugal::avx2 {

void fill_int8_vnni(KernelTable& table) { table.int8.dense = dense_kernel<VnniDot>(); }

}  // namespace frugal::avx2
