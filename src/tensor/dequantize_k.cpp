// Q2_K to Q6_K to float32. Sums and products stand in ggml's order, so that the numbers are exactly its numbers.
#include "tensor/block_codecs.h"
#include "tensor/half.h"

namespace frugal {

// Elements 128 h + 32 j + l are the two bits 2 j of byte 32 h + l, in Q2_K and Q3_K.
static int two_bits(const std::uint8_t q[64], int i) { return q[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3; }

// Elements 64 j + l (l < 32) are the low nibble of byte 32 j + l, elements 64 j + 32 + l the high one.
static int nibble_k(const std::uint8_t q[128], int i) { return q[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15; }

void dequantize(const BlockQ2K& block, float* x) {
  const float d = half_to_float(block.d), dmin = half_to_float(block.dmin);
  for (int s = 0; s < 16; ++s) {
    const float scale = d * static_cast<float>(block.scales[s] & 15);
    const float min = dmin * static_cast<float>(block.scales[s] >> 4);
    for (int i = 16 * s; i < 16 * s + 16; ++i) x[i] = scale * static_cast<float>(two_bits(block.q, i)) - min;
  }
}

void dequantize(const BlockQ3K& block, float* x) {
  const float d = half_to_float(block.d);
  for (int s = 0; s < 16; ++s) {
    const float scale = d * static_cast<float>(scale_q3k(block.scales, s));
    for (int i = 16 * s; i < 16 * s + 16; ++i) {
      const int high = block.high[i % 32] >> (i / 32) & 1;
      x[i] = scale * static_cast<float>((two_bits(block.q, i) | high << 2) - 4);
    }
  }
}

void dequantize(const BlockQ4K& block, float* x) {
  const float d = half_to_float(block.d), dmin = half_to_float(block.dmin);
  for (int s = 0; s < 8; ++s) {
    int scale = 0, min = 0;
    scale_min_k4(block.scales, s, scale, min);
    const float step = d * static_cast<float>(scale), least = dmin * static_cast<float>(min);
    for (int i = 32 * s; i < 32 * s + 32; ++i) x[i] = step * static_cast<float>(nibble_k(block.q, i)) - least;
  }
}

void dequantize(const BlockQ5K& block, float* x) {
  const float d = half_to_float(block.d), dmin = half_to_float(block.dmin);
  for (int s = 0; s < 8; ++s) {
    int scale = 0, min = 0;
    scale_min_k4(block.scales, s, scale, min);
    const float step = d * static_cast<float>(scale), least = dmin * static_cast<float>(min);
    for (int i = 32 * s; i < 32 * s + 32; ++i) {
      const int high = block.high[i % 32] >> s & 1;
      x[i] = step * static_cast<float>(nibble_k(block.q, i) | high << 4) - least;
    }
  }
}

void dequantize(const BlockQ6K& block, float* x) {
  const float d = half_to_float(block.d);
  for (int s = 0; s < 16; ++s) {
    const float scale = d * static_cast<float>(block.scales[s]);
    for (int i = 16 * s; i < 16 * s + 16; ++i) {
      const int at = i % 128, base = i / 128;
      const int low = block.low[64 * base + at % 64] >> (at / 64 * 4) & 15;
      const int high = block.high[32 * base + at % 32] >> (at / 32 * 2) & 3;
      x[i] = scale * static_cast<float>((low | high << 4) - 32);
    }
  }
}

}  // namespace frugal
