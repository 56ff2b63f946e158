#include "kernels/evex_vnni.h"

#include "kernels/simd/int8_avx2.h"

#define FRUGAL_VNNI_ENCODING ""
#include "kernels/simd/int8_vnni.inl"

namespace frugal::avx2 {

DotKernel<Int8Args> evex_vnni() { return dense_kernel<VnniDot>(); }

}  // namespace frugal::avx2
