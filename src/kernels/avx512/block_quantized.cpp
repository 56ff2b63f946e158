#include "kernels/simd/block_avx512.h"

namespace frugal::avx512 {
namespace {

// In assembler, as in int8_dot.cpp; the input is broadcast by the instruction itself.
inline void accumulate(I (&sum)[1], const I (&w)[1], const std::int8_t* x) {
  using Word [[gnu::may_alias]] = std::int32_t;
  asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum[0]) : "v"(w[0]), "m"(*reinterpret_cast<const Word*>(x)));
}

}  // namespace
}  // namespace frugal::avx512

#include "kernels/simd/block_vnni.inl"
//
#include "kernels/simd/block_quantized.inl"

namespace frugal::avx512 {

void fill_block_quantized(BlockLinearTable& table) { fill_quantized(table, "vpdpbusd"); }

}  // namespace frugal::avx512
