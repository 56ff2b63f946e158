#include "kernels/simd/int8_avx2.h"
//
#include "kernels/simd/finish.inl"
