// kernel_bench adder
#pragma once

#include "kernels/kernels.h"

namespace frugal {

void bench_adder(const KernelTable& table, int groups);

}  // namespace frugal
