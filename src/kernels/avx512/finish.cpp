#include "kernels/simd/int8_avx512.h"
//
#include "kernels/simd/finish.inl"
