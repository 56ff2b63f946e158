// Argument types of the linear layers whose weights are block-quantised (tensor/block_types.h) or plain. No inline
// functions here (see types.h).
//
// Every quantised type is read as units of 32 elements along k, in one or two groups of 32 or 16 that share a scale:
//   w = s (q - zero) + m      q an unsigned number of `bits` bits (Q8_0: a signed byte); s and m exact in float32
// The kernels work on panels of 16 output channels, one in each 32-bit lane, so that a number of the input is
// broadcast and no sum crosses lanes. A packed panel, made once by block_linear_pack(), has about the bytes of its
// source and holds
//   scales   of each unit, or of each 8 units where the type has blocks of 256 (`super`): 16 halves s, and 16 halves m
//            where there are offsets; with `super` 32 bytes more for each unit: signed factors of s, then of m. (Q2_K
//            has both in one byte.)
//   codes    from the next multiple of 64 bytes; of each unit planes of 8, 4, 2 and 1 bits, the sum of which is `bits`.
//            The vector of step i is 16 channels x 4 consecutive elements 4i..4i+3; a plane of b bits has the bits of
//            steps (8/b)j .. (8/b)j + 8/b - 1 in its vector j, the first lowest.
// Numbers of 16 and 32 bits are [k][16].
#pragma once

#include "kernels/types.h"

namespace frugal {

enum class BlockForm : std::uint8_t { q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k, f16, bf16, f32 };

struct BlockFormInfo {
  int bits;
  bool offset;  // has m
  bool super;   // scales of 256 elements, with factors
  int groups;   // in a unit
  int zero;     // a power of 2, or 0
};
constexpr BlockFormInfo kBlockForms[] = {
    {8, false, false, 1, 0},   // Q8_0
    {4, false, false, 1, 8},   // Q4_0
    {4, true, false, 1, 0},    // Q4_1
    {5, false, false, 1, 16},  // Q5_0
    {5, true, false, 1, 0},    // Q5_1
    {2, true, true, 2, 0},     // Q2_K
    {3, false, true, 2, 4},    // Q3_K
    {4, true, true, 1, 0},     // Q4_K
    {5, true, true, 1, 0},     // Q5_K
    {6, false, true, 2, 32},   // Q6_K
};
constexpr std::int64_t kBlockUnit = 32, kBlockPanel = 16, kUnitsOfSuper = 8;
// Units whose numbers are all smaller are zeros: 127 divided by them need not be finite.
constexpr float kLeastUnit = 1e-30f;

// 32 numbers of the input, x = scale * q with the scale that takes the largest of them to 127.
struct alignas(64) QuantizedUnit {
  std::int8_t q[32];
  float scale;
  float sum[3];                 // scale * (sum of q): of all, of the first 16, of the last
  std::int32_t minus_total[3];  // - (sum of q), the same
  std::int32_t unused;
};

// y[rows, n] = epilogue(x W^T), W [n, k]. A row's numbers do not depend on the other rows. Sums:
//   exact      one chain of FMAs over k, of the float32 numbers that the weights stand for
//   quantized  of each group in turn, exact integers `dot` and then
//              sum = fma(s, scale * dot, sum)   and with offsets   sum = fma(m, unit.sum, sum)
struct BlockLinearArgs {
  BlockForm form;
  std::int64_t rows, n, k;
  std::int64_t tile;                      // rows that are computed together; the last tile may have fewer
  const float* x = nullptr;               // [rows][k], of `exact`
  const QuantizedUnit* units = nullptr;   // of each tile [k / 32][rows of the tile], of `quantized`
  const std::uint8_t* weights = nullptr;  // packed panels
  std::int64_t panel_bytes = 0;
  float* out = nullptr;  // [rows][n], and so is the epilogue's residual
  Epilogue epilogue;
};

struct BlockLinearTable {
  int panel;                 // output channels of a panel: 16, or 1 where weights are as they come
  int tile, quantized_tile;  // most rows that are computed together, by `exact` and `quantized`
  // Units [0, count) of a row, `step` apart in `to`.
  void (*quantize)(std::int64_t count, const float* x, QuantizedUnit* to, std::int64_t step);
  // Panels [begin, end), all rows.
  void (*exact)(const BlockLinearArgs& args, std::int64_t begin, std::int64_t end);
  void (*quantized)(const BlockLinearArgs& args, std::int64_t begin, std::int64_t end);
  const char* instruction;  // of `quantized`
};

}  // namespace frugal
