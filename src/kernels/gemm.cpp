#include "kernels/gemm.h"

#include <algorithm>

namespace frugal {
namespace {

std::int64_t panels_of(const KernelTable& table, std::int64_t n) {
  return (n + table.gemm_panel - 1) / table.gemm_panel;
}

// The largest share any thread gets when `items` grains are split over `threads`.
double worst_share(std::int64_t items, int threads) {
  std::int64_t most = (items + threads - 1) / threads;
  return static_cast<double>(most) / static_cast<double>(std::max<std::int64_t>(items, 1));
}

}  // namespace

std::int64_t gemm_packed_floats(const KernelTable& table, std::int64_t n, std::int64_t k) {
  return panels_of(table, n) * table.gemm_panel * k;
}

std::int64_t gemm_scratch_floats(const KernelTable& table, std::int64_t k, int threads) {
  return table.gemm_scratch_floats(k) * threads;
}

void gemm_pack(const KernelTable& table, ThreadPool& pool, std::int64_t n, std::int64_t k, const float* b,
               std::int64_t ldb, bool transposed, float* packed) {
  pool.parallel_for(panels_of(table, n), 1, [&](std::int64_t begin, std::int64_t end, int) {
    table.gemm_pack_b(n, k, b, ldb, transposed, packed, begin, end);
  });
}

void gemm_run(const KernelTable& table, ThreadPool& pool, const GemmArgs& args, float* scratch) {
  std::int64_t panels = panels_of(table, args.n), scratch_step = table.gemm_scratch_floats(args.k);
  std::int64_t row_grains = (args.m + table.gemm_rows - 1) / table.gemm_rows;
  if (worst_share(panels, pool.threads()) <= worst_share(row_grains, pool.threads())) {
    pool.parallel_for(panels, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      table.gemm(args, 0, args.m, begin, end, scratch + thread * scratch_step);
    });
  } else {
    pool.parallel_for(args.m, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      table.gemm(args, begin, end, 0, panels, scratch + thread * scratch_step);
    });
  }
}

}  // namespace frugal
