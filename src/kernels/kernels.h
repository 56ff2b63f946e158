// The compute kernels: pure functions on pointers. They allocate nothing and start no threads; each
// computes a range of its work items, and an output element is the same to the last bit whatever the
// ranges are. kernels/{scalar,avx2,avx512} each fill one table; the choice is made at run time.
//
// Sums run in one fixed order (one FMA chain over k), so instruction sets differ from the scalar
// reference only by the rounding of FMA and by the vector exp, tanh and erf (2e-6 relative).
#pragma once

#include <string_view>

#include "kernels/table.h"

namespace frugal {

const KernelTable& kernels(Isa isa);  // the ISA must be supported

std::string_view name(Isa isa);
bool isa_supported(Isa isa);
Isa best_isa();
bool avx_vnni_supported();  // then avx2's 8-bit kernels use it
bool bf16_supported();      // then avx512 has kernels of bfloat16
// UsageError names what would be right, also where this machine lacks the instruction set.
Isa isa_from_name(std::string_view wanted);
// FRUGAL_ISA=scalar|avx2|avx512 where set, else best_isa().
Isa active_isa();
inline const KernelTable& active_kernels() { return kernels(active_isa()); }

// fp32 multiply-adds a second of one core in a bare register loop, in 1e9; measured once, then kept.
double measured_peak_gmacs(Isa isa);

}  // namespace frugal
