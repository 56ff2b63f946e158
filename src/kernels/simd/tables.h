// Each file of an instruction set fills its part of the table.
#pragma once

#include "kernels/table.h"

namespace frugal {
#define FRUGAL_DECLARE_FILLERS(isa)          \
  namespace isa {                            \
  void fill_gemm(KernelTable& table);        \
  void fill_adder(KernelTable& table);       \
  void fill_byte_adder(KernelTable& table);  \
  void fill_conv(KernelTable& table);        \
  void fill_depthwise(KernelTable& table);   \
  void fill_conv_pixels(KernelTable& table); \
  void fill_winograd(KernelTable& table);    \
  void fill_pool(KernelTable& table);        \
  void fill_elementwise(KernelTable& table); \
  void fill_rows(KernelTable& table);        \
  void fill_int8(KernelTable& table);        \
  void fill_resample(KernelTable& table);    \
  void fill_attend(KernelTable& table);      \
  double fma_loop(std::int64_t steps);       \
  }
namespace avx2 {
void fill_int8_dot(KernelTable& table);
void fill_int8_vnni(KernelTable& table);
}  // namespace avx2
namespace avx512 {
void fill_int8_dot(KernelTable& table);
void fill_bf16(KernelTable& table);
}  // namespace avx512
namespace scalar {
void fill_bf16(KernelTable& table);
}
FRUGAL_DECLARE_FILLERS(scalar)
FRUGAL_DECLARE_FILLERS(avx2)
FRUGAL_DECLARE_FILLERS(avx512)
#undef FRUGAL_DECLARE_FILLERS
}  // namespace frugal
