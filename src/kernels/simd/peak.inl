// A bare loop of independent FMAs in registers: what the processor can do at best.
#include "kernels/simd/tables.h"

namespace frugal::FRUGAL_SIMD {

// Runs `steps` rounds of 12 independent vector FMAs; returns the number of multiply-adds done.
double fma_loop(std::int64_t steps) {
  V acc[12], x = set1(0.999f), y = set1(0.001f);
#pragma GCC unroll 12
  for (V& a : acc) a = y;
  for (std::int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 12
    for (V& a : acc) {
      a = fma(a, x, y);
      asm volatile("" : "+v"(a));  // keeps the chain as it is written
    }
  }
#pragma GCC unroll 12
  for (V& a : acc) asm volatile("" : : "v"(a));
  return static_cast<double>(steps) * 12 * kLanes;
}

}  // namespace frugal::FRUGAL_SIMD
