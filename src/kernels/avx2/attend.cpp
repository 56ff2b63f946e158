#include "kernels/simd/vec_avx2.h"
//
#include "kernels/simd/attend.inl"
