// What the three files of convolutions share: the choice (conv2d.cpp), the packing and the run.
#pragma once

#include "kernels/conv2d.h"
#include "kernels/conv_columns.h"

namespace frugal {

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline std::int64_t taps(const Conv2dShape& s) { return s.kernel_h * s.kernel_w; }

inline int winograd_size(ConvAlgorithm algorithm) { return algorithm == ConvAlgorithm::winograd_2 ? 2 : 4; }

// Null where the instruction set has no such kernel.
inline const ConvColumns* columns_of(const KernelTable& table) {
  return table.isa == Isa::avx512 ? &avx512::conv_columns : table.isa == Isa::avx2 ? &avx2::conv_columns : nullptr;
}

inline double macs_of(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.out_c * s.out_h * s.out_w) * static_cast<double>(s.in_c / s.groups * taps(s));
}

}  // namespace frugal
