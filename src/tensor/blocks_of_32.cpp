// Q8_0, Q4_0, Q4_1, Q5_0, Q5_1: 32 elements, one scale and perhaps a smallest value.
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "tensor/block_codecs.h"
#include "tensor/half.h"

namespace frugal {
namespace {

constexpr int kHalf = 16;

// The fifth bits as one word.
std::uint32_t load_word(const std::uint8_t bytes[4]) {
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

int low_bits(const std::uint8_t q[16], int i) { return i < kHalf ? q[i] & 15 : q[i - kHalf] >> 4; }

// Writes levels 0..31 (or 0..15): low nibbles as the blocks lay them out; the fifth bits are returned.
std::uint32_t store_levels(const int level[32], std::uint8_t q[16]) {
  std::uint32_t high = 0;
  for (int i = 0; i < kHalf; ++i) q[i] = static_cast<std::uint8_t>((level[i] & 15) | (level[i + kHalf] & 15) << 4);
  for (int i = 0; i < 32; ++i) high |= static_cast<std::uint32_t>(level[i] >> 4 & 1) << i;
  return high;
}

void store_word(std::uint32_t word, std::uint8_t bytes[4]) {
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(word >> 8 * i);
}

// 1 / d; 0 for scales so small that a half holds them as 0.
float inverse(float d) {
  const float id = 1 / d;
  return std::isfinite(id) ? id : 0;
}

// Levels around a zero point: the value of largest magnitude gets level 0, whichever its sign, so that the one level
// that has no mirror image is used.
// Returns the scale.
std::uint16_t levels_around_zero(const float* x, int zero, int level[32]) {
  const float widest = *std::max_element(x, x + 32, [](float a, float b) { return std::abs(a) < std::abs(b); });
  const float d = widest / static_cast<float>(-zero), id = inverse(d);
  const std::uint16_t half = scale_to_half(d);
  for (int i = 0; i < 32; ++i)
    level[i] = std::min(2 * zero - 1, static_cast<int>(x[i] * id + (static_cast<float>(zero) + 0.5f)));
  return half;
}

// Levels from the smallest value up. Returns the scale.
std::uint16_t levels_above_least(const float* x, int most, std::uint16_t& least, int level[32]) {
  const auto [low, high] = std::minmax_element(x, x + 32);
  least = scale_to_half(*low);
  const float d = (*high - *low) / static_cast<float>(most), id = inverse(d);
  const std::uint16_t half = scale_to_half(d);
  for (int i = 0; i < 32; ++i) level[i] = std::min(most, static_cast<int>((x[i] - *low) * id + 0.5f));
  return half;
}

}  // namespace

std::uint16_t scale_to_half(float scale) {
  const std::uint16_t half = float_to_half(scale);
  require(std::isfinite(half_to_float(half)), "a scale of {} is beyond a half's range", scale);
  return half;
}

void dequantize(const BlockQ8_0& block, float* x) {
  const float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) x[i] = static_cast<float>(block.q[i]) * d;
}

void dequantize(const BlockQ4_0& block, float* x) {
  const float d = half_to_float(block.d);
  for (int i = 0; i < 32; ++i) x[i] = static_cast<float>(low_bits(block.q, i) - 8) * d;
}

void dequantize(const BlockQ4_1& block, float* x) {
  const float d = half_to_float(block.d), m = half_to_float(block.m);
  for (int i = 0; i < 32; ++i) x[i] = static_cast<float>(low_bits(block.q, i)) * d + m;
}

void dequantize(const BlockQ5_0& block, float* x) {
  const float d = half_to_float(block.d);
  const std::uint32_t high = load_word(block.high);
  for (int i = 0; i < 32; ++i)
    x[i] = static_cast<float>((low_bits(block.q, i) | static_cast<int>(high >> i & 1) << 4) - 16) * d;
}

void dequantize(const BlockQ5_1& block, float* x) {
  const float d = half_to_float(block.d), m = half_to_float(block.m);
  const std::uint32_t high = load_word(block.high);
  for (int i = 0; i < 32; ++i)
    x[i] = static_cast<float>(low_bits(block.q, i) | static_cast<int>(high >> i & 1) << 4) * d + m;
}

void quantize(const float* x, BlockQ8_0& block) {
  float widest = 0;
  for (int i = 0; i < 32; ++i) widest = std::max(widest, std::abs(x[i]));
  const float d = widest / 127, id = inverse(d);
  block.d = scale_to_half(d);
  for (int i = 0; i < 32; ++i) block.q[i] = static_cast<std::int8_t>(std::round(x[i] * id));
}

void quantize(const float* x, BlockQ4_0& block) {
  int level[32];
  block.d = levels_around_zero(x, 8, level);
  store_levels(level, block.q);
}

void quantize(const float* x, BlockQ4_1& block) {
  int level[32];
  block.d = levels_above_least(x, 15, block.m, level);
  store_levels(level, block.q);
}

void quantize(const float* x, BlockQ5_0& block) {
  int level[32];
  block.d = levels_around_zero(x, 16, level);
  store_word(store_levels(level, block.q), block.high);
}

void quantize(const float* x, BlockQ5_1& block) {
  int level[32];
  block.d = levels_above_least(x, 31, block.m, level);
  store_word(store_levels(level, block.q), block.high);
}

}  // namespace frugal
