// The reference: panel width 1, so packed B is simply [n][k].
#include "kernels/scalar/activation.h"
#include "kernels/simd/tables.h"

namespace frugal::scalar {
namespace {

void pack_b(std::int64_t, std::int64_t k, const float* b, std::int64_t ldb, bool transposed, float* packed,
            std::int64_t begin, std::int64_t end) {
  for (std::int64_t j = begin; j < end; ++j)
    for (std::int64_t i = 0; i < k; ++i) packed[j * k + i] = transposed ? b[j * ldb + i] : b[i * ldb + j];
}

void gemm(const GemmArgs& g, std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
          std::int64_t panel_end, float*) {
  for (std::int64_t row = row_begin; row < row_end; ++row)
    for (std::int64_t column = panel_begin; column < panel_end; ++column) {
      float sum = 0;
      for (std::int64_t i = 0; i < g.k; ++i) sum += g.a[row * g.lda + i] * g.b[column * g.k + i];
      std::int64_t at = row * g.ldc + column;
      g.c[at] = finish(sum, g.epilogue, g.channels_are_rows ? row : column, at);
    }
}

std::int64_t gemm_scratch_floats(std::int64_t) { return 0; }

}  // namespace

void fill_gemm(KernelTable& table) {
  table.gemm_rows = 1;
  table.gemm_panel = 1;
  table.gemm_pack_b = pack_b;
  table.gemm = gemm;
  table.gemm_scratch_floats = gemm_scratch_floats;
}

}  // namespace frugal::scalar
