// The block-quantised layers by vpdpbusd on 256 bits; FRUGAL_VNNI_ENCODING as in int8_vnni.inl.
#pragma once

#include "kernels/simd/block_avx2.h"

namespace frugal::avx2 {
namespace {

inline void accumulate(I (&sum)[2], const I (&w)[2], const std::int8_t* x) {
  const I input = broadcast_i(x);
  for (int v = 0; v < 2; ++v) asm(FRUGAL_VNNI_ENCODING "vpdpbusd %2, %1, %0" : "+x"(sum[v]) : "x"(w[v]), "x"(input));
}

}  // namespace
}  // namespace frugal::avx2

#include "kernels/simd/block_vnni.inl"
//
#include "kernels/simd/block_quantized.inl"
