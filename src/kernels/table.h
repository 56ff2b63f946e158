// The function table that each instruction set fills. No inline functions here either (see types.h).
#pragma once

#include "kernels/types.h"

namespace frugal {

struct KernelTable {
  Isa isa;
  int channel_block;  // c of the blocked layout
  int gemm_rows;      // rows of a GEMM tile: a good grain for splitting m
  int gemm_panel;     // columns of a packed panel of B

  // --- GEMM ---
  // Packs panels [begin, end) of B: b[k][n] with row stride ldb, or b[n][k] where `transposed`.
  void (*gemm_pack_b)(std::int64_t n, std::int64_t k, const float* b, std::int64_t ldb, bool transposed,
                      float* packed, std::int64_t begin, std::int64_t end);
  // Rows [row_begin, row_end) x panels [panel_begin, panel_end). Scratch: gemm_scratch_floats(k) floats.
  void (*gemm)(const GemmArgs& args, std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
               std::int64_t panel_end, float* scratch);
  std::int64_t (*gemm_scratch_floats)(std::int64_t k);

  // --- Elementwise, contiguous; in and out may be the same ---
  void (*activate)(std::int64_t n, const float* in, float* out, const ActivationSpec& spec);  // not prelu
  void (*binary)(Binary op, Operand operand, std::int64_t n, const float* a, const float* b, float* out);

  // --- Rows of n elements, contiguous; in and out may be the same ---
  void (*softmax)(std::int64_t rows, std::int64_t n, const float* in, float* out);
  // gamma and beta: [n] or null.
  void (*layer_norm)(std::int64_t rows, std::int64_t n, const float* in, const float* gamma, const float* beta,
                     float epsilon, float* out);
  float (*sum)(std::int64_t n, const float* in);
};

}  // namespace frugal
