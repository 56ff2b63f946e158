// kernel_bench qlinear
#pragma once

namespace frugal {

void bench_block_layers(int threads);

}  // namespace frugal
