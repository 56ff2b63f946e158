// 8-bit dot products by vpdpbusd on 256 bits. FRUGAL_VNNI_ENCODING is "%{vex%} " for AVX-VNNI, and "" for the encoding
// of AVX-512 VNNI, in which the tests run this code on machines without AVX-VNNI. Before this: int8_avx2.h.
#pragma once

#include "kernels/simd/int8_dot.inl"

namespace frugal::avx2 {
namespace {

struct VnniDot : Int8Dot {
  static constexpr bool kSplits = false;
  static constexpr const char* kInstruction = "vpdpbusd";
  static I dot(I sum, I x, I w) {
    asm(FRUGAL_VNNI_ENCODING "vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(w));
    return sum;
  }
};

}  // namespace
}  // namespace frugal::avx2
