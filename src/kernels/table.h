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

  // --- Convolution; kernels/conv2d.h picks, packs and runs these. A work item is a strip of output pixels
  // of one chunk of output channels (depthwise: of one block); the function before tells how many there are.
  // Entries are null where an instruction set has no such algorithm. ---
  int conv_chunk;  // output channels of a chunk: 1 for scalar, else 2c; the last chunk of a group may have c
  // Blocked to blocked; weights [group][chunk][input block][kh][kw][c][chunk].
  std::int64_t (*conv_direct_items)(const Conv2dShape& shape);
  void (*conv_direct)(const Conv2dArgs& args, std::int64_t begin, std::int64_t end);
  // Plain to blocked, one group, for few input channels; weights [chunk][channel][kh][kw][chunk].
  std::int64_t (*conv_plain_items)(const Conv2dShape& shape);
  void (*conv_plain)(const Conv2dArgs& args, std::int64_t begin, std::int64_t end);
  // Blocked to blocked, groups == in_c == out_c; weights [block][kh][kw][c].
  std::int64_t (*conv_depthwise_items)(const Conv2dShape& shape);
  void (*conv_depthwise)(const Conv2dArgs& args, std::int64_t begin, std::int64_t end);
  // Winograd F(m x m, 3 x 3), m = 2 or 4, blocked to blocked, stride 1, one group, in two phases: 0 fills
  // `transformed` from the input, 1 multiplies, transforms back and needs scratch of its thread. All items of
  // phase 0 must be done before phase 1. Weights [chunk][(m + 2)^2][input block][c][chunk].
  std::int64_t (*winograd_items)(const Conv2dShape& shape, int m, int phase);
  void (*winograd)(const Conv2dArgs& args, int m, int phase, float* transformed, float* scratch, std::int64_t begin,
                   std::int64_t end);
  std::int64_t (*winograd_transformed_floats)(const Conv2dShape& shape, int m);
  std::int64_t (*winograd_scratch_floats)(int m);

  // --- Pooling: rows of the output, batch * channels * out_h of them ---
  void (*pool)(const PoolArgs& args, std::int64_t begin, std::int64_t end);

  // --- Layouts: one image of `channels` planes of `pixels`; blocks [begin, end) of it ---
  void (*to_blocked)(std::int64_t channels, std::int64_t pixels, const float* plain, float* blocked,
                     std::int64_t begin, std::int64_t end);
  void (*to_plain)(std::int64_t channels, std::int64_t pixels, const float* blocked, float* plain,
                   std::int64_t begin, std::int64_t end);

  // --- Elementwise, contiguous; in and out may be the same ---
  void (*activate)(std::int64_t n, const float* in, float* out, const ActivationSpec& spec);  // not prelu
  // One channel block of a blocked map, of which `channels` lanes are valid.
  void (*prelu_block)(std::int64_t pixels, int channels, const float* in, float* out, const float* slope);
  void (*binary)(Binary op, Operand operand, std::int64_t n, const float* a, const float* b, float* out);

  // --- Rows of n elements, contiguous; in and out may be the same ---
  void (*softmax)(std::int64_t rows, std::int64_t n, const float* in, float* out);
  // gamma and beta: [n] or null.
  void (*layer_norm)(std::int64_t rows, std::int64_t n, const float* in, const float* gamma, const float* beta,
                     float epsilon, float* out);
  float (*sum)(std::int64_t n, const float* in);
};

}  // namespace frugal
