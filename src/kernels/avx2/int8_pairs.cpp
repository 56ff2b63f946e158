#include "kernels/simd/int8_avx2_pairs.h"
//
#define FRUGAL_INT8_PAIRS
#include "kernels/simd/int8.inl"
