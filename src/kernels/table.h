// The function table that each instruction set fills. No inline functions here either (see types.h).
#pragma once

#include "kernels/attend_types.h"
#include "kernels/byte_adder_types.h"
#include "kernels/int8_types.h"
#include "kernels/types.h"

namespace frugal {

struct KernelTable {
  Isa isa;
  int channel_block;  // c of the blocked layout
  int gemm_rows;      // rows of a GEMM tile: a good grain for splitting m
  int gemm_panel;     // columns of a packed panel of B

  // --- GEMM ---
  // Packs panels [begin, end) of B: b[k][n] with row stride ldb, or b[n][k] where `transposed`.
  void (*gemm_pack_b)(std::int64_t n, std::int64_t k, const float* b, std::int64_t ldb, bool transposed, float* packed,
                      std::int64_t begin, std::int64_t end);
  // Rows [row_begin, row_end) x panels [panel_begin, panel_end). Scratch: gemm_scratch_floats(k) floats.
  void (*gemm)(const GemmArgs& args, std::int64_t row_begin, std::int64_t row_end, std::int64_t panel_begin,
               std::int64_t panel_end, float* scratch);
  std::int64_t (*gemm_scratch_floats)(std::int64_t k);

  // --- Adder convolution: C[m, n] = epilogue(-sum over k of |A[m, k] - B[k, n]|), the epilogue's channels are rows.
  // All rows x panels [begin, end); A may have any lda ---
  void (*adder)(const GemmArgs& args, std::int64_t panel_begin, std::int64_t panel_end);
  void (*adder_gradient)(const AdderGradientArgs& args, std::int64_t panel_begin, std::int64_t panel_end);

  ByteAdderKernel byte_adder;  // kernels/byte_adder.h

  // --- Convolution; kernels/conv2d.h picks, packs, splits and runs these. Each computes the rectangle
  // [begin, end) of its extent. Null where an instruction set has no such algorithm. ---
  int conv_chunk;  // output channels of a chunk: 1 for scalar, else 2c; the last chunk of a group may have c
  // Blocked to blocked; weights [group][chunk][input block][kh][kw][c][chunk].
  Extent (*conv_direct_extent)(const Conv2dShape& shape);
  void (*conv_direct)(const Conv2dArgs& args, Extent begin, Extent end);
  // Plain to blocked, one group, for few input channels; weights [chunk][channel][kh][kw][chunk].
  Extent (*conv_plain_extent)(const Conv2dShape& shape);
  void (*conv_plain)(const Conv2dArgs& args, Extent begin, Extent end);
  // Blocked to blocked, groups == in_c == out_c; chunks are single blocks; weights [block][kh][kw][c].
  Extent (*conv_depthwise_extent)(const Conv2dShape& shape);
  void (*conv_depthwise)(const Conv2dArgs& args, Extent begin, Extent end);
  // Plain to plain, one group, stride 1 along the row; lanes are pixels, chunks at most gemm_rows output channels of
  // about equal number; weights [chunk][channel][kh][kw][channels of the chunk].
  Extent (*conv_pixels_extent)(const Conv2dShape& shape);
  void (*conv_pixels)(const Conv2dArgs& args, Extent begin, Extent end);
  // Winograd F(m x m, 3 x 3), m = 2 or 4, blocked to blocked, stride 1, one group; strips are tiles. First the
  // input of tiles is transformed into `to`, then chunks are multiplied and transformed back; `products` is
  // scratch of winograd_products_floats(m), and at most winograd_group tiles are multiplied in one call.
  // Weights [chunk][(m + 2)^2][input block][c][chunk].
  int winograd_group;
  Extent (*winograd_extent)(const Conv2dShape& shape, int m);
  void (*winograd_input)(const Conv2dArgs& args, int m, const WinogradTiles& to, std::int64_t begin, std::int64_t end);
  void (*winograd_multiply)(const Conv2dArgs& args, int m, const WinogradTiles& from, Extent begin, Extent end,
                            float* products);
  std::int64_t (*winograd_products_floats)(int m);

  // --- Pooling: rows of the output, [image][y][plane], batch * out_h * channels of them ---
  void (*pool)(const PoolArgs& args, std::int64_t begin, std::int64_t end);

  // --- Resampling: rows of the output [begin, end) of planes * out_h. Scratch: in_w * lanes floats ---
  void (*resample)(const ResampleArgs& args, std::int64_t begin, std::int64_t end, float* scratch);
  // Row y of a scaled picture of bytes, `channels` (1 or 3) of them a pixel; to the nearest, a half to the even one.
  // Scratch: scale_scratch(across, channels) floats.
  void (*scale_bytes)(const ResampleAxis& down, const ResampleAxis& across, std::int64_t y, int channels,
                      const std::uint8_t* bytes, float* scratch, std::uint8_t* out);

  // --- Layouts: one image of `channels` planes of `pixels`; blocks [begin, end) of it ---
  void (*to_blocked)(std::int64_t channels, std::int64_t pixels, const float* plain, float* blocked, std::int64_t begin,
                     std::int64_t end);
  void (*to_plain)(std::int64_t channels, std::int64_t pixels, const float* blocked, float* plain, std::int64_t begin,
                   std::int64_t end);

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
  // One number: the sum (also for mean), max, min, prod, sum of magnitudes (l1) or of squares (l2). max and min are NaN
  // where an element is.
  float (*reduce)(Reduce kind, std::int64_t n, const float* in);

  AttendTable attend;
  Int8Table int8;
  DotKernel<Bf16Args> bf16;  // run is null where the processor has none
};

}  // namespace frugal
