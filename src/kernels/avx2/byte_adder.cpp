#include "kernels/simd/vec_avx2.h"
//
#include "kernels/simd/byte_adder_avx2.h"
//
#include "kernels/simd/byte_adder.inl"
