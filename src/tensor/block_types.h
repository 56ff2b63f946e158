// The block-quantised types of ggml (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md names them; the
// layouts are those of its ggml-common.h). A row of n elements is n / block_elements blocks, one behind the other,
// without padding. d and dmin are IEEE halves; all blocks are little-endian and aligned to 2 bytes.
// This is the readable form that every faster one is compared with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/tensor.h"

namespace frugal {

// --- 32 elements: one scale -----------------------------------------------------------------------------
// Nibble i of q is element i for i < 16: the low half of byte i; element 16 + i is the high half of byte i.

struct BlockQ8_0 {  // x = d q
  static constexpr int kElements = 32;
  std::uint16_t d;
  std::int8_t q[32];
};

struct BlockQ4_0 {  // x = d (q - 8)
  static constexpr int kElements = 32;
  std::uint16_t d;
  std::uint8_t q[16];
};

struct BlockQ4_1 {  // x = d q + m
  static constexpr int kElements = 32;
  std::uint16_t d, m;
  std::uint8_t q[16];
};

struct BlockQ5_0 {  // x = d (q - 16); bit i of high, a little-endian 32-bit word, is bit 4 of element i
  static constexpr int kElements = 32;
  std::uint16_t d;
  std::uint8_t high[4];
  std::uint8_t q[16];
};

struct BlockQ5_1 {  // x = d q + m
  static constexpr int kElements = 32;
  std::uint16_t d, m;
  std::uint8_t high[4];
  std::uint8_t q[16];
};

// --- 256 elements: sub-blocks of 16 or 32 with small integer scales, one or two halves over them ----------

struct BlockQ2K {  // 16 sub-blocks of 16: x = d (scales & 15) q - dmin (scales >> 4)
  static constexpr int kElements = 256;
  std::uint8_t scales[16];
  std::uint8_t q[64];  // element 128 h + 32 j + l: bits 2j and 2j + 1 of q[32 h + l]
  std::uint16_t d, dmin;
};

struct BlockQ3K {  // 16 sub-blocks of 16: x = d (scale - 32) (q - 4)
  static constexpr int kElements = 256;
  std::uint8_t high[32];    // element 128 h + 32 j + l: bit 4 h + j of high[l] is bit 2 of q
  std::uint8_t q[64];       // the low two bits, as in Q2_K
  std::uint8_t scales[12];  // 6 bits each: low nibbles in bytes 0..7, the upper two bits in bytes 8..11
  std::uint16_t d;
};

struct BlockQ4K {  // 8 sub-blocks of 32: x = d scale q - dmin min
  static constexpr int kElements = 256;
  std::uint16_t d, dmin;
  std::uint8_t scales[12];  // 6-bit scales and mins, see scale_min_k4
  std::uint8_t q[128];      // sub-block 2 j: low nibbles of q[32 j ...]; sub-block 2 j + 1: the high ones
};

struct BlockQ5K {  // as Q4_K with a fifth bit: of sub-block s, element l, it is bit s of high[l]
  static constexpr int kElements = 256;
  std::uint16_t d, dmin;
  std::uint8_t scales[12];
  std::uint8_t high[32];
  std::uint8_t q[128];
};

struct BlockQ6K {  // 16 sub-blocks of 16: x = d scale (q - 32)
  static constexpr int kElements = 256;
  std::uint8_t low[128];  // element 128 h + l, l < 64: low nibble of low[64 h + l]; 64 + l: its high nibble
  std::uint8_t high[64];  // element 128 h + 32 j + l: bits 2j and 2j + 1 of high[32 h + l] are bits 4 and 5
  std::int8_t scales[16];
  std::uint16_t d;
};

static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 &&
              sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24 && sizeof(BlockQ2K) == 84 && sizeof(BlockQ3K) == 110 &&
              sizeof(BlockQ4K) == 144 && sizeof(BlockQ5K) == 176 && sizeof(BlockQ6K) == 210);

// Scale and min of sub-block j (0..7) of Q4_K and Q5_K. The first four lie in the low 6 bits of bytes j and j + 4;
// the others have their low 4 bits in byte j + 4 and the upper 2 above the first four.
inline void scale_min_k4(const std::uint8_t scales[12], int j, int& scale, int& min) {
  if (j < 4) {
    scale = scales[j] & 63;
    min = scales[j + 4] & 63;
  } else {
    scale = (scales[j + 4] & 15) | (scales[j - 4] >> 6 << 4);
    min = (scales[j + 4] >> 4) | (scales[j] >> 6 << 4);
  }
}

// Scale of sub-block j (0..15) of Q3_K, -32..31.
inline int scale_q3k(const std::uint8_t scales[12], int j) {
  const int low = j < 8 ? scales[j] & 15 : scales[j - 8] >> 4;
  return (low | (scales[8 + j % 4] >> (j / 4 * 2) & 3) << 4) - 32;
}

// n elements, a multiple of the type's block, to float32. Also of float32, float16 and bfloat16.
// The numbers are exactly those of ggml: the same products and sums in the same order.
void dequantize_row(DType type, const void* row, std::int64_t n, float* out);

// The same back. The types of 32 and their rounding are ggml's, bit for bit; the types of 256 choose scales by least
// squares (see quantize_k.cpp). Error if a value is not finite or beyond what the type's scale can hold.
void quantize_row(DType type, const float* row, std::int64_t n, void* out);

}  // namespace frugal
