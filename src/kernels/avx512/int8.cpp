#include "kernels/simd/int8_avx512.h"
//
#include "kernels/simd/int8.inl"
