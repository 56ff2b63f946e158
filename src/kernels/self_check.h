// Proves an instruction set's kernels against the scalar reference on this machine, in well under a second.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace frugal {

struct KernelCheck {
  std::string name;  // "gemm", "conv direct", ...
  double error = 0;  // the largest |got - want| / (1 + |want|) met; infinite where one of them is NaN
  double tolerance = 0;
  int cases = 0;
  bool ok() const { return cases > 0 && error <= tolerance; }
};

// Random shapes and values from `seed`. The ISA must be supported.
std::vector<KernelCheck> check_kernels(Isa isa, std::uint64_t seed);

}  // namespace frugal
