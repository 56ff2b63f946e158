// What the three files of convolutions share: the choice (conv2d.cpp), the packing and the run.
#pragma once

#include "kernels/conv2d.h"

namespace frugal {

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline std::int64_t taps(const Conv2dShape& s) { return s.kernel_h * s.kernel_w; }

inline int winograd_size(ConvAlgorithm algorithm) { return algorithm == ConvAlgorithm::winograd_2 ? 2 : 4; }

inline double macs_of(const Conv2dShape& s) {
  return static_cast<double>(s.batch * s.out_c * s.out_h * s.out_w) * static_cast<double>(s.in_c / s.groups * taps(s));
}

}  // namespace frugal
