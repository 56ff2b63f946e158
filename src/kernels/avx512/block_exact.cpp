#include "kernels/simd/block_avx512.h"
//
#include "kernels/simd/block_exact.inl"
