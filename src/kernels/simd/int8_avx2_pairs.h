// Integers for the 8-bit kernels of int8_pairs.h: 8 sums, four products each.
#pragma once

#include "kernels/simd/int8_avx2_common.h"

namespace frugal::avx2 {
namespace {

constexpr int kStep = 4;  // input channels of one dot product
using Packed = std::int8_t;

alignas(32) constexpr std::int16_t kOnes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
// In assembler, with the ones in memory: 12 sums, 2 weights, an input and a product fill the 16 registers.
inline I dot(I sum, I x, I w) {
  I product;
  asm("vpmaddubsw %3, %2, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"
      : "+x"(sum), "=&x"(product)
      : "x"(x), "x"(w), "m"(kOnes));
  return sum;
}
// A pixel's block of channels as dot products read it: as it is.
inline void stage_pixel(const std::uint8_t* from, std::uint8_t* to) { std::memcpy(to, from, kLanes); }

}  // namespace
}  // namespace frugal::avx2
