// The block-quantised layers by vpdpbusd on 256 bits; FRUGAL_VNNI_ENCODING as in int8_vnni.inl.
#pragma once

#include "kernels/simd/block_avx2.h"

namespace frugal::avx2 {
namespace {

inline I accumulate(I sum, I w, const std::int8_t* x) {
  asm(FRUGAL_VNNI_ENCODING "vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(w), "x"(broadcast_i(x)));
  return sum;
}

}  // namespace
}  // namespace frugal::avx2

#include "kernels/simd/block_vnni.inl"
//
#include "kernels/simd/block_quantized.inl"
