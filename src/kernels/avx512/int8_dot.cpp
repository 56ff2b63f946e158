#include "kernels/simd/int8_avx512.h"
//
#include "kernels/simd/int8_dot.inl"

namespace frugal::avx512 {
namespace {

struct VnniDot : Int8Dot {
  static constexpr bool kSplits = false;
  static constexpr const char* kInstruction = "vpdpbusd";
  // In assembler: from the intrinsic GCC 12 makes a copy of every sum, and spills.
  static I dot(I sum, I x, I w) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
  }
};

}  // namespace

void fill_int8_dot(KernelTable& table) { table.int8.dense = dense_kernel<VnniDot>(); }

}  // namespace frugal::avx512
