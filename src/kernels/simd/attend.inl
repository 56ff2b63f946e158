// Attention over a cache: scores with cells in the lanes, values with channels in the lanes. Every query has one chain
// of sums over cells in order, so that it gets the same bits whichever queries are beside it.
#pragma once

#include "kernels/simd/math.inl"
#include "kernels/simd/tables.h"

namespace frugal::FRUGAL_SIMD {
namespace {

constexpr float kInfinity = __builtin_inff();
constexpr int kPageVectors = kPageCells / kLanes;
// Vectors beside each other for R rows: as many sums as registers hold beside what is loaded.
constexpr int wide(int rows) { return rows <= 2 ? 4 : (kLanes == 16 ? 16 : 8) / (rows <= 4 ? 4 : 8); }

inline std::int64_t padded(std::int64_t depth) { return (depth + kCacheAlign - 1) / kCacheAlign * kCacheAlign; }

template <CacheType type>
struct Elements;
template <>
struct Elements<CacheType::f32> {
  using T = float;
  static V get(const T* p) { return load(p); }
};
template <>
struct Elements<CacheType::f16> {
  using T = std::uint16_t;
  static V get(const T* p) { return load_halves(p); }
};
template <>
struct Elements<CacheType::q8> {
  using T = std::int8_t;
  static V get(const T* p) { return load_bytes(p); }
};

template <CacheType type>
inline const typename Elements<type>::T* elements(const std::byte* page) {
  return reinterpret_cast<const typename Elements<type>::T*>(type == CacheType::q8 ? page + kPageCells * sizeof(float)
                                                                                   : page);
}

// ---- Scores ----

// Asks for what is needed soon. Each page lies at a place of its own, so that the processor does not guess it: a
// batch's cache, which is as large as the weights, came at a third of the memory's speed. Measured: a third off the
// time of attention of sixteen sequences of 200 cells.
template <int N>
struct Ahead {
  const std::byte* lines[2 * N];  // the keys of the next N vectors, the values of these
  Ahead(const AttendArgs& a, int start, int end) {
    for (int v = 0; v < N; ++v) {
      const int next = start + N + v < end ? start + N + v : start + v;
      lines[v] = a.keys[next / kPageVectors];
      lines[N + v] = a.values[(start + v) / kPageVectors];
    }
  }
  void ask(std::int64_t offset) const {
    for (const std::byte* line : lines) __builtin_prefetch(line + offset);
  }
};

// R rows x N vectors of cells; vector v is part of page (start + v) / kPageVectors. Those before `end` come next.
template <CacheType type, int R, int N>
inline void score_tile(const AttendArgs& a, int row, int start, int end) {
  constexpr std::int64_t kStep = kPageCells * static_cast<std::int64_t>(sizeof(typename Elements<type>::T));
  const Ahead<N> ahead(a, start, end);
  V sums[R][N];
  const typename Elements<type>::T* cells[N];
  for (int v = 0; v < N; ++v) {
    cells[v] = elements<type>(a.keys[(start + v) / kPageVectors]) + (start + v) % kPageVectors * kLanes;
    for (int r = 0; r < R; ++r) sums[r][v] = zero();
  }
  const float* q = a.q + row * a.key_depth;
  for (std::int64_t d = 0; d < a.key_depth; ++d) {
    if (d * kStep % 64 == 0) ahead.ask(d * kStep);
    V k[N];
    for (int v = 0; v < N; ++v) k[v] = Elements<type>::get(cells[v] + d * kPageCells);
    for (int r = 0; r < R; ++r) {
      const V factor = broadcast(q + r * a.key_depth + d);
      for (int v = 0; v < N; ++v) sums[r][v] = fma(factor, k[v], sums[r][v]);
    }
  }
  for (int v = 0; v < N; ++v) {
    const auto* scales = reinterpret_cast<const float*>(a.keys[(start + v) / kPageVectors]);
    for (int r = 0; r < R; ++r) {
      V s = sums[r][v];
      if (type == CacheType::q8) s = mul(s, load(scales + (start + v) % kPageVectors * kLanes));
      store(a.scores + (row + r) * kChunkCells + (start + v) * kLanes, s);
    }
  }
}

template <CacheType type, int R>
inline void score_rows(const AttendArgs& a, int row, int begin, int end) {
  constexpr int N = wide(R);
  int v = begin;
  for (; v + N <= end; v += N) score_tile<type, R, N>(a, row, v, end);
  for (; v < end; ++v) score_tile<type, R, 1>(a, row, v, end);
}

// ---- Softmax ----

// Sets the cells that `row` does not see, within pages [first_page, last_page).
inline void hide(const AttendArgs& a, int row, int first_page, int last_page, float value) {
  float* scores = a.scores + row * kChunkCells;
  for (int p = first_page; p < last_page; ++p) {
    const int begin = p * kPageCells, end = begin + kPageCells;
    const unsigned hidden = a.hidden ? a.hidden[p] : 0;
    if (hidden == 0 && a.first[row] <= begin && a.last[row] >= end) continue;
    for (int c = begin; c < end; ++c)
      if (c < a.first[row] || c >= a.last[row] || (hidden >> (c - begin) & 1)) scores[c] = value;
  }
}

inline void scale_out(const AttendArgs& a, int row, float factor) {
  const std::int64_t stride = padded(a.value_depth);
  float* out = a.out + row * stride;
  for (std::int64_t d = 0; d < stride; d += kLanes) store(out + d, mul(load(out + d), set1(factor)));
}

// Scores become weights; sums and largest go on.
template <CacheType type>
inline void weigh(const AttendArgs& a, int row, int first_page, int last_page) {
  float* scores = a.scores + row * kChunkCells;
  const int begin = first_page * kPageCells, end = last_page * kPageCells;
  if (a.soft_cap > 0)
    for (int c = begin; c < end; c += kLanes)
      store(scores + c, mul(set1(a.soft_cap), tanh(div(load(scores + c), set1(a.soft_cap)))));
  hide(a, row, first_page, last_page, -kInfinity);
  V best = set1(-kInfinity);
  for (int c = begin; c < end; c += kLanes) best = max(load(scores + c), best);
  const float largest = maximum(best);
  if (largest == -kInfinity) {
    for (int c = begin; c < end; c += kLanes) store(scores + c, zero());
    return;
  }
  if (largest > a.largest[row]) {
    alignas(64) float factor[kLanes];
    store(factor, exp(set1(a.largest[row] - largest)));
    const float f = a.largest[row] == -kInfinity ? 0 : factor[0];
    scale_out(a, row, f);
    a.total[row] *= f;
    a.largest[row] = largest;
  }
  const V shift = set1(a.largest[row]);
  for (int c = begin; c < end; c += kLanes) store(scores + c, exp(sub(load(scores + c), shift)));
  hide(a, row, first_page, last_page, 0);
  V total = zero();  // lane by lane over pages: pages without a cell of this row add exact zeros
  for (int c = begin; c < end; c += kLanes) {
    const V w = load(scores + c);
    total = add(total, w);
    if (type == CacheType::q8) {
      const auto* scales = reinterpret_cast<const float*>(a.values[c / kPageCells]);
      store(scores + c, select(equal(w, zero()), w, mul(w, load(scales + c % kPageCells))));
    }
  }
  a.total[row] += FRUGAL_SIMD::sum(total);
}

// ---- Values ----

template <CacheType type, int R, int N>
inline void value_tile(const AttendArgs& a, int row, int first, int last, std::int64_t d) {
  const std::int64_t stride = padded(a.value_depth);
  float* out = a.out + row * stride + d;
  V sums[R][N];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < N; ++v) sums[r][v] = load(out + r * stride + v * kLanes);
  for (int c = first; c < last; ++c) {
    if (a.hidden && (a.hidden[c / kPageCells] >> (c % kPageCells) & 1)) continue;  // it may hold anything
    const auto* values = elements<type>(a.values[c / kPageCells]) + c % kPageCells * stride + d;
    V x[N];
    for (int v = 0; v < N; ++v) x[v] = Elements<type>::get(values + v * kLanes);
    for (int r = 0; r < R; ++r) {
      const V w = broadcast(a.scores + (row + r) * kChunkCells + c);
      for (int v = 0; v < N; ++v) sums[r][v] = fma(w, x[v], sums[r][v]);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < N; ++v) store(out + r * stride + v * kLanes, sums[r][v]);
}

template <CacheType type, int R>
inline void value_rows(const AttendArgs& a, int row, int first, int last) {
  constexpr int N = wide(R);
  const std::int64_t stride = padded(a.value_depth);
  std::int64_t d = 0;
  for (; d + N * kLanes <= stride; d += N * kLanes) value_tile<type, R, N>(a, row, first, last, d);
  for (; d < stride; d += kLanes) value_tile<type, R, 1>(a, row, first, last, d);
}

template <CacheType type, int R>
inline void attend_rows(const AttendArgs& a, int row) {
  int first = kChunkCells, last = 0;
  for (int r = row; r < row + R; ++r) {
    if (a.first[r] >= a.last[r]) continue;
    first = a.first[r] < first ? a.first[r] : first;
    last = a.last[r] > last ? a.last[r] : last;
  }
  if (first >= last) return;
  const int first_page = first / kPageCells, last_page = (last + kPageCells - 1) / kPageCells;
  score_rows<type, R>(a, row, first_page * kPageVectors, last_page * kPageVectors);
  for (int r = row; r < row + R; ++r) weigh<type>(a, r, first_page, last_page);
  value_rows<type, R>(a, row, first, last);
}

template <CacheType type>
inline void attend_type(const AttendArgs& a) {
  int row = 0;
  for (; row + 8 <= a.rows; row += 8) attend_rows<type, 8>(a, row);
  for (; row + 4 <= a.rows; row += 4) attend_rows<type, 4>(a, row);
  switch (a.rows - row) {
    case 3: attend_rows<type, 3>(a, row); break;
    case 2: attend_rows<type, 2>(a, row); break;
    case 1: attend_rows<type, 1>(a, row); break;
    default: break;
  }
}

void attend(const AttendArgs& a) {
  switch (a.type) {
    case CacheType::f32: attend_type<CacheType::f32>(a); break;
    case CacheType::f16: attend_type<CacheType::f16>(a); break;
    case CacheType::q8: attend_type<CacheType::q8>(a); break;
  }
}

// ---- Storing ----

// One cell; vectors of converted elements go to `place`, which knows where each element belongs.
template <typename Place>
inline void convert(CacheType type, std::int64_t depth, const float* x, std::byte* page, int cell, Place place) {
  alignas(64) float lanes[kLanes];
  alignas(64) std::uint16_t halves[kLanes];
  V factor = zero();
  if (type == CacheType::q8) {
    V best = zero();
    for (std::int64_t d = 0; d < depth; d += kLanes)
      best = max(abs(load_first(x + d, static_cast<int>(depth - d < kLanes ? depth - d : kLanes))), best);
    const float largest = maximum(best);
    reinterpret_cast<float*>(page)[cell] = largest / 127;
    factor = set1(largest > 0 ? 127 / largest : 0);
    page += kPageCells * sizeof(float);
  }
  for (std::int64_t d = 0; d < depth; d += kLanes) {
    const int n = static_cast<int>(depth - d < kLanes ? depth - d : kLanes);
    const V v = load_first(x + d, n);
    if (type == CacheType::f16) {
      store_halves(halves, v);
      for (int i = 0; i < n; ++i) reinterpret_cast<std::uint16_t*>(page)[place(d + i)] = halves[i];
      continue;
    }
    store(lanes, type == CacheType::q8 ? round(mul(v, factor)) : v);
    for (int i = 0; i < n; ++i) {
      if (type == CacheType::q8)
        reinterpret_cast<std::int8_t*>(page)[place(d + i)] = static_cast<std::int8_t>(lanes[i]);
      else
        reinterpret_cast<float*>(page)[place(d + i)] = lanes[i];
    }
  }
}

void store_keys(CacheType type, std::int64_t depth, const float* k, std::byte* page, int cell) {
  convert(type, depth, k, page, cell, [=](std::int64_t d) { return d * kPageCells + cell; });
}
void store_values(CacheType type, std::int64_t depth, const float* v, std::byte* page, int cell) {
  const std::int64_t start = cell * padded(depth);
  convert(type, depth, v, page, cell, [=](std::int64_t d) { return start + d; });
}

}  // namespace

void fill_attend(KernelTable& table) { table.attend = {store_keys, store_values, attend}; }

}  // namespace frugal::FRUGAL_SIMD
