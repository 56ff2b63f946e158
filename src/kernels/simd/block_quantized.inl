// Linear layers of 8-bit inputs and block-quantised weights. Before this: Dots, which multiplies.
#pragma once

#include "kernels/simd/block_walk.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

template <BlockForm F, int R>
void quantized_tile(const BlockTile& t) {
  using C = Codes<F>;
  constexpr int N = Dots<F>::kAtOnce;
  const std::int64_t count = t.k / kBlockUnit;
  const std::uint8_t* codes = t.panel + scale_area<F>(t.k);
  const QuantizedUnit* x = t.units;
  Scales<F> scales(t.panel);
  Ahead ahead(t, codes);
  V acc[R][kVectors];
  clear(acc);
#pragma GCC unroll 1
  for (std::int64_t u = 0; u < count; ++u, codes += C::kBytes, x += R) {
    scales.open(u);
    ahead.ask(C::kBytes);
    for (int first = 0; first < kVectors; first += N) {
      // One part after the other: with 16 registers the compiler must not keep what it has broadcast for the next.
      if constexpr (kVectors > 1) asm volatile("" ::: "memory");
      each_constant<C::kInfo.groups>([&]<int G>() __attribute__((always_inline)) {
        I dot[R][N];
        Dots<F>::template group<G, R>(codes, first, x, dot);
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) {
          const int v = first + n;
          const V s = scales.scale(G, v);
#pragma GCC unroll 16
          for (int r = 0; r < R; ++r) acc[r][v] = fma(s, mul(broadcast(&x[r].scale), to_float(dot[r][n])), acc[r][v]);
          if constexpr (C::kInfo.offset) {
            const V m = scales.offset(G, v);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r)
              acc[r][v] = fma(m, broadcast(&x[r].sum[C::kInfo.groups == 1 ? 0 : 1 + G]), acc[r][v]);
          }
        }
      });
    }
    scales.close();
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < kVectors; ++v) store(t.sums + (r * kVectors + v) * kLanes, acc[r][v]);
}

template <BlockForm F>
struct QuantizedKernel {
  template <int R>
  void run(const BlockTile& t) const {
    quantized_tile<F, R>(t);
  }
};
constexpr int kQuantizedRows = Dots<BlockForm::q8_0>::kRows;

void quantized(const BlockLinearArgs& a, std::int64_t begin, std::int64_t end) {
  switch (a.form) {
    case BlockForm::q8_0: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q8_0>{});
    case BlockForm::q4_0: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q4_0>{});
    case BlockForm::q4_1: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q4_1>{});
    case BlockForm::q5_0: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q5_0>{});
    case BlockForm::q5_1: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q5_1>{});
    case BlockForm::q2_k: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q2_k>{});
    case BlockForm::q3_k: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q3_k>{});
    case BlockForm::q4_k: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q4_k>{});
    case BlockForm::q5_k: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q5_k>{});
    case BlockForm::q6_k: return walk<kQuantizedRows>(a, begin, end, QuantizedKernel<BlockForm::q6_k>{});
    case BlockForm::f16:
    case BlockForm::bf16:
    case BlockForm::f32: break;  // these are exact
  }
}

void fill_quantized(BlockLinearTable& table, const char* instruction) {
  table.quantized = quantized;
  table.quantized_tile = kQuantizedRows;
  table.instruction = instruction;
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
