#include "kernels/simd/vec_avx512.h"
//
#include "kernels/simd/byte_adder_avx512.h"
//
#include "kernels/simd/byte_adder.inl"
