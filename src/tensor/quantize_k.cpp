// float32 to Q2_K ... Q6_K. The formats leave the choice of scales to the writer. Here each sub-block gets the scale
// (and smallest value) of least squared error, by trying a few roundings and solving for the best line through the
// levels of each; then the sub-blocks' scales are themselves rounded to integers, and the levels are chosen once more
// for the scales that a reader will see. An element weighs 1 plus |x| over the root mean square, since the
// large ones are what a product is made of.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "tensor/block_codecs.h"
#include "tensor/half.h"

namespace frugal {
namespace {

struct Line {  // x = scale level + least
  float scale = 0, least = 0;
};

void importance(const float* x, int n, float* w) {
  double square = 0;
  for (int i = 0; i < n; ++i) square += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const auto mean = static_cast<float>(std::sqrt(square / n));
  for (int i = 0; i < n; ++i) w[i] = mean > 0 ? 1 + std::abs(x[i]) / mean : 1;
}

// The nearest whole number, ties to even, of anything within +-2^22: the sum has no bits left below 1.
float whole(float v) { return (v + 0x1.8p23f) - 0x1.8p23f; }

// (x[i] - least) / scale, rounded and kept within low..high.
void nearest_levels(const float* x, int n, Line line, int low, int high, float* level) {
  const float inverse = 1 / line.scale;
  if (!std::isfinite(inverse)) {
    std::fill(level, level + n, 0.0f);
    return;
  }
  for (int i = 0; i < n; ++i)
    level[i] =
        whole(std::min(std::max((x[i] - line.least) * inverse, static_cast<float>(low)), static_cast<float>(high)));
}

int nearest_level(float x, float scale, int low, int high) {
  float level = 0;
  nearest_levels(&x, 1, {scale, 0}, low, high, &level);
  return static_cast<int>(level);
}

// Weighted sums over a sub-block for one choice of levels l.
struct Sums {
  double w = 0, x = 0, l = 0, ll = 0, lx = 0;
};

Sums sums_of(const float* x, const float* w, const float* level, int n) {
  Sums s;
  for (int i = 0; i < n; ++i) {
    const float wl = w[i] * level[i];
    s.w += static_cast<double>(w[i]);
    s.x += static_cast<double>(w[i] * x[i]);
    s.l += static_cast<double>(wl);
    s.ll += static_cast<double>(wl * level[i]);
    s.lx += static_cast<double>(wl * x[i]);
  }
  return s;
}

// The line of least error with levels 0..most and a least value of at most 0, which is all the formats can hold.
Line fit_line(const float* x, int n, int most) {
  float w[32], level[32];
  importance(x, n, w);
  const float low = std::min(0.0f, *std::min_element(x, x + n)), high = *std::max_element(x, x + n);
  scale_to_half((high - low) / (64.0f * static_cast<float>(most)));  // refuses what no scale can hold
  Line best{(high - low) / static_cast<float>(most), low};
  double most_explained = -std::numeric_limits<double>::infinity();
  for (int step = -10; step <= 10; ++step) {  // levels as if the range had up to one level less or more
    nearest_levels(x, n, {(high - low) / (static_cast<float>(most) + 0.1f * static_cast<float>(step)), low}, 0, most,
                   level);
    const Sums s = sums_of(x, w, level, n);
    const double determinant = s.w * s.ll - s.l * s.l;
    if (determinant <= 0) continue;
    double scale = (s.w * s.lx - s.x * s.l) / determinant, least = (s.ll * s.x - s.l * s.lx) / determinant;
    if (least > 0) {
      scale = s.lx / s.ll;
      least = 0;
    }
    const double explained = scale * s.lx + least * s.x;  // the error is sum w x^2 less this
    if (scale > 0 && explained > most_explained) {
      most_explained = explained;
      best = {static_cast<float>(scale), static_cast<float>(least)};
    }
  }
  return best;
}

// The scale of least error with levels -zero..zero - 1; negative where the largest value is positive, as that uses the
// level that has no mirror image.
float fit_scale(const float* x, int n, int zero) {
  float w[32], level[32];
  importance(x, n, w);
  const float widest = *std::max_element(x, x + n, [](float a, float b) { return std::abs(a) < std::abs(b); });
  if (widest == 0) return 0;
  float best = 0;
  double most_explained = 0;
  for (int step = -9; step <= 9; ++step) {
    nearest_levels(x, n, {widest / -(static_cast<float>(zero) + 0.1f * static_cast<float>(step)), 0}, -zero, zero - 1,
                   level);
    const Sums s = sums_of(x, w, level, n);
    if (s.ll > 0 && s.lx * s.lx > most_explained * s.ll) {  // the error is sum w x^2 less this
      most_explained = s.lx * s.lx / s.ll;
      best = static_cast<float>(s.lx / s.ll);
    }
  }
  return best;
}

// Sub-blocks of a type with scales and mins: their lines, rounded to integer multiples of d and dmin.
template <int Subs>
struct Lines {
  std::uint16_t d = 0, dmin = 0;
  int scale[Subs] = {}, min[Subs] = {};
  Line seen[Subs];  // what a reader computes
};

template <int Subs>
Lines<Subs> fit_lines(const float* x, int most_level, int most_scale) {
  constexpr int kSize = 256 / Subs;
  Line line[Subs];
  float widest_scale = 0, widest_min = 0;
  for (int s = 0; s < Subs; ++s) {
    line[s] = fit_line(x + s * kSize, kSize, most_level);
    widest_scale = std::max(widest_scale, line[s].scale);
    widest_min = std::max(widest_min, -line[s].least);
  }
  Lines<Subs> out;
  out.d = scale_to_half(widest_scale / static_cast<float>(most_scale));
  out.dmin = scale_to_half(widest_min / static_cast<float>(most_scale));
  const float d = half_to_float(out.d), dmin = half_to_float(out.dmin);
  for (int s = 0; s < Subs; ++s) {
    out.scale[s] = nearest_level(line[s].scale, d, 0, most_scale);
    out.min[s] = nearest_level(-line[s].least, dmin, 0, most_scale);
    out.seen[s] = {d * static_cast<float>(out.scale[s]), -dmin * static_cast<float>(out.min[s])};
  }
  return out;
}

// Levels 0..most of all 256 elements for the lines that a reader sees.
template <int Subs>
void choose_levels(const float* x, const Lines<Subs>& lines, int most, int level[256]) {
  constexpr int kSize = 256 / Subs;
  float nearest[256];
  for (int s = 0; s < Subs; ++s) nearest_levels(x + s * kSize, kSize, lines.seen[s], 0, most, nearest + s * kSize);
  std::copy(nearest, nearest + 256, level);
}

// The symmetric types: 16 sub-blocks whose scales are integers of -zero_scale..zero_scale - 1 times d.
// Levels are -zero..zero - 1.
std::uint16_t fit_scales(const float* x, int zero, int zero_scale, int scale[16], int level[256]) {
  float exact[16];
  for (int s = 0; s < 16; ++s) exact[s] = fit_scale(x + 16 * s, 16, zero);
  const float widest = *std::max_element(exact, exact + 16, [](float a, float b) { return std::abs(a) < std::abs(b); });
  const std::uint16_t half = scale_to_half(widest / static_cast<float>(-zero_scale));
  const float d = half_to_float(half);
  for (int s = 0; s < 16; ++s) {
    scale[s] = nearest_level(exact[s], d, -zero_scale, zero_scale - 1);
    float nearest[16];
    nearest_levels(x + 16 * s, 16, {d * static_cast<float>(scale[s]), 0}, -zero, zero - 1, nearest);
    std::copy(nearest, nearest + 16, level + 16 * s);
  }
  return half;
}

// The inverse of scale_min_k4.
void store_scale_min_k4(const int scale[8], const int min[8], std::uint8_t scales[12]) {
  for (int j = 0; j < 4; ++j) {
    scales[j] = static_cast<std::uint8_t>(scale[j] | scale[j + 4] >> 4 << 6);
    scales[j + 4] = static_cast<std::uint8_t>(min[j] | min[j + 4] >> 4 << 6);
    scales[j + 8] = static_cast<std::uint8_t>((scale[j + 4] & 15) | (min[j + 4] & 15) << 4);
  }
}

void or_into(std::uint8_t& byte, int bits, int shift) { byte = static_cast<std::uint8_t>(byte | bits << shift); }

void store_nibbles(const int level[256], std::uint8_t q[128]) {
  std::fill(q, q + 128, std::uint8_t{0});
  for (int i = 0; i < 256; ++i) or_into(q[i / 64 * 32 + i % 32], level[i] & 15, i % 64 / 32 * 4);
}

}  // namespace

void quantize(const float* x, BlockQ2K& block) {
  const Lines<16> lines = fit_lines<16>(x, 3, 15);
  int level[256];
  choose_levels(x, lines, 3, level);
  block = {};
  block.d = lines.d;
  block.dmin = lines.dmin;
  for (int s = 0; s < 16; ++s) block.scales[s] = static_cast<std::uint8_t>(lines.scale[s] | lines.min[s] << 4);
  for (int i = 0; i < 256; ++i) or_into(block.q[i / 128 * 32 + i % 32], level[i], i % 128 / 32 * 2);
}

void quantize(const float* x, BlockQ3K& block) {
  int scale[16], level[256];
  block = {};
  block.d = fit_scales(x, 4, 32, scale, level);
  for (int s = 0; s < 16; ++s) {
    const int stored = scale[s] + 32;
    or_into(block.scales[s % 8], stored & 15, s / 8 * 4);
    or_into(block.scales[8 + s % 4], stored >> 4, s / 4 * 2);
  }
  for (int i = 0; i < 256; ++i) {
    const int stored = level[i] + 4;
    or_into(block.q[i / 128 * 32 + i % 32], stored & 3, i % 128 / 32 * 2);
    or_into(block.high[i % 32], stored >> 2, i / 32);
  }
}

void quantize(const float* x, BlockQ4K& block) {
  const Lines<8> lines = fit_lines<8>(x, 15, 63);
  int level[256];
  choose_levels(x, lines, 15, level);
  block.d = lines.d;
  block.dmin = lines.dmin;
  store_scale_min_k4(lines.scale, lines.min, block.scales);
  store_nibbles(level, block.q);
}

void quantize(const float* x, BlockQ5K& block) {
  const Lines<8> lines = fit_lines<8>(x, 31, 63);
  int level[256];
  choose_levels(x, lines, 31, level);
  block = {};
  block.d = lines.d;
  block.dmin = lines.dmin;
  store_scale_min_k4(lines.scale, lines.min, block.scales);
  store_nibbles(level, block.q);
  for (int i = 0; i < 256; ++i) or_into(block.high[i % 32], level[i] >> 4, i / 32);
}

void quantize(const float* x, BlockQ6K& block) {
  int scale[16], level[256];
  block = {};
  block.d = fit_scales(x, 32, 128, scale, level);
  for (int s = 0; s < 16; ++s) block.scales[s] = static_cast<std::int8_t>(scale[s]);
  for (int i = 0; i < 256; ++i) {
    const int at = i % 128, base = i / 128, stored = level[i] + 32;
    or_into(block.low[64 * base + at % 64], stored & 15, at / 64 * 4);
    or_into(block.high[32 * base + at % 32], stored >> 4, at / 32 * 2);
  }
}

}  // namespace frugal
