#include "kernels/simd/block_avx2.h"
//
#include "kernels/simd/block_exact.inl"
