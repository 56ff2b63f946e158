// Kernels over the last axis. A row is always one chain of vectors plus a masked tail.
#pragma once

#include "kernels/simd/math.inl"
#include "kernels/simd/tables.h"

namespace frugal::FRUGAL_SIMD {
namespace {

// Sum of f over n elements; the tail's missing lanes contribute zero.
template <typename F>
inline float reduce(std::int64_t n, F f) {
  V total = zero();
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) total = add(total, f(i, kLanes));
  if (int rest = static_cast<int>(n - i)) {
    alignas(64) float tail[kLanes] = {};
    store_first(tail, f(i, rest), rest);
    total = add(total, load(tail));
  }
  return FRUGAL_SIMD::sum(total);
}

float sum_row(std::int64_t n, const float* in) {
  return reduce(n, [=](std::int64_t i, int lanes) { return load_first(in + i, lanes); });
}

// One value of f(accumulator, vector) over whole vectors, then of `last` over the lanes of the accumulator and the
// tail, in order.
template <typename F, typename G>
inline float fold(std::int64_t n, const float* in, float start, F f, G last) {
  V total = set1(start);
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) total = f(total, load(in + i));
  alignas(64) float lanes[kLanes];
  store(lanes, total);
  float out = start;
  for (float lane : lanes) out = last(out, lane);
  for (; i < n; ++i) out = last(out, in[i]);
  return out;
}

float reduce_row(Reduce kind, std::int64_t n, const float* in) {
  auto sum_of = [=](auto f) {
    return reduce(n, [=](std::int64_t i, int lanes) { return f(load_first(in + i, lanes)); });
  };
  constexpr float kInf = __builtin_inff();
  switch (kind) {
    case Reduce::max:
      return fold(
          n, in, -kInf, [](V a, V x) { return select(equal(a, a), max(a, x), a); },
          [](float a, float x) { return x > a || x != x ? x : a; });
    case Reduce::min:
      return fold(
          n, in, kInf, [](V a, V x) { return select(equal(a, a), min(a, x), a); },
          [](float a, float x) { return x < a || x != x ? x : a; });
    case Reduce::prod:
      return fold(
          n, in, 1, [](V a, V x) { return mul(a, x); }, [](float a, float x) { return a * x; });
    case Reduce::l1: return sum_of([](V x) { return abs(x); });
    case Reduce::l2: return sum_of([](V x) { return mul(x, x); });
    default: return sum_row(n, in);
  }
}

inline float max_row(std::int64_t n, const float* in) {
  float best = -__builtin_inff();
  std::int64_t i = 0;
  if (n >= kLanes) {
    V v = load(in);
    for (i = kLanes; i + kLanes <= n; i += kLanes) v = max(v, load(in + i));
    best = maximum(v);
  }
  for (; i < n; ++i) best = in[i] > best ? in[i] : best;
  return best;
}

void softmax(std::int64_t rows, std::int64_t n, const float* in, float* out) {
  for (std::int64_t r = 0; r < rows; ++r, in += n, out += n) {
    V shift = set1(max_row(n, in));
    float total = reduce(n, [=](std::int64_t i, int lanes) {
      V e = exp(sub(load_first(in + i, lanes), shift));
      store_first(out + i, e, lanes);
      return e;
    });
    V factor = set1(1.0f / total);
    for (std::int64_t i = 0; i < n; i += kLanes) {
      int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
      store_first(out + i, mul(load_first(out + i, lanes), factor), lanes);
    }
  }
}

void layer_norm(std::int64_t rows, std::int64_t n, const float* in, const float* gamma, const float* beta,
                float epsilon, float* out) {
  for (std::int64_t r = 0; r < rows; ++r, in += n, out += n) {
    float mean = sum_row(n, in) / static_cast<float>(n);
    V vmean = set1(mean);
    float variance = reduce(n,
                            [=](std::int64_t i, int lanes) {
                              V d = sub(load_first(in + i, lanes), vmean);
                              return mul(d, d);
                            }) /
                     static_cast<float>(n);
    V factor = div(set1(1.0f), sqrt(set1(variance + epsilon)));
    for (std::int64_t i = 0; i < n; i += kLanes) {
      int lanes = static_cast<int>(n - i < kLanes ? n - i : kLanes);
      V y = mul(sub(load_first(in + i, lanes), vmean), factor);
      if (gamma) y = mul(y, load_first(gamma + i, lanes));
      if (beta) y = add(y, load_first(beta + i, lanes));
      store_first(out + i, y, lanes);
    }
  }
}

}  // namespace

void fill_rows(KernelTable& table) {
  table.softmax = softmax;
  table.layer_norm = layer_norm;
  table.reduce = reduce_row;
}

}  // namespace frugal::FRUGAL_SIMD
