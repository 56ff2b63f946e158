#include "kernels/simd/vec_avx512.h"
//
#include "kernels/simd/attend.inl"
