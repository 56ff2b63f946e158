// Linear layers of float inputs and block-quantised or 16-bit weights.
#pragma once

#include "kernels/simd/block_walk.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

// Elements 32 unit .. of a panel as floats, `count` of them: [element][16]. Exactly dequantize_row()'s numbers.
using Decode = void (*)(const std::uint8_t* panel, std::int64_t k, std::int64_t unit, int count, float* w);

template <BlockForm F>
void decode_unit(const std::uint8_t* panel, std::int64_t k, std::int64_t unit, int, float* w) {
  using C = Codes<F>;
  const std::uint8_t* codes = panel + scale_area<F>(k) + unit * C::kBytes;
  const Scales<F> scales = Scales<F>::of(panel, unit);
  for (int v = 0; v < kVectors; ++v)
    each_constant<C::kInfo.groups>([&]<int G>() {
      const V s = scales.scale(G, v), m = C::kInfo.offset ? scales.offset(G, v) : zero();
      each_constant<C::kSteps>([&]<int J>() {
        const I four = C::template step<G * C::kSteps + J>(codes, v);
        each_constant<4>([&]<int B>() {
          const V code = to_float(sub_i(signed_byte<B>(four), set1_i(C::kInfo.zero)));
          store(w + ((G * C::kSteps + J) * 4 + B) * kBlockPanel + v * kLanes,
                C::kInfo.offset ? fma(s, code, m) : mul(s, code));
        });
      });
    });
}

V load_plain(const std::uint8_t* p) { return load(reinterpret_cast<const float*>(p)); }

template <int Bytes, V (*Load)(const std::uint8_t*)>
void decode_plain(const std::uint8_t* panel, std::int64_t, std::int64_t unit, int count, float* w) {
  const std::uint8_t* from = panel + unit * kBlockUnit * kBlockPanel * Bytes;
  for (int i = 0; i < count * kVectors; ++i) store(w + i * kLanes, Load(from + Bytes * i * kLanes));
}

Decode decoder(BlockForm form) {
  constexpr Decode kDecoders[] = {
      decode_unit<BlockForm::q8_0>, decode_unit<BlockForm::q4_0>, decode_unit<BlockForm::q4_1>,
      decode_unit<BlockForm::q5_0>, decode_unit<BlockForm::q5_1>, decode_unit<BlockForm::q2_k>,
      decode_unit<BlockForm::q3_k>, decode_unit<BlockForm::q4_k>, decode_unit<BlockForm::q5_k>,
      decode_unit<BlockForm::q6_k>, decode_plain<2, load_halves>, decode_plain<2, load_bf16>,
      decode_plain<4, load_plain>};
  return kDecoders[static_cast<int>(form)];
}

struct ExactKernel {
  Decode decode;
  template <int R>
  void run(const BlockTile& t) const {
    V acc[R][kVectors];
    clear(acc);
    alignas(64) float w[kBlockUnit * kBlockPanel];
    Ahead ahead(t, t.panel);
    for (std::int64_t i = 0; i < t.k; i += kBlockUnit) {
      ahead.ask(ahead.step);
      const auto count = static_cast<int>(t.k - i < kBlockUnit ? t.k - i : kBlockUnit);
      decode(t.panel, t.k, i / kBlockUnit, count, w);
      accumulate(acc, t.x + i, t.x_step, 1, w, kBlockPanel, count);
    }
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < kVectors; ++v) store(t.sums + (r * kVectors + v) * kLanes, acc[r][v]);
  }
};

constexpr int kExactRows = kVectors == 1 ? kBlockRows : 4;  // whose sums fit the registers

void exact(const BlockLinearArgs& a, std::int64_t begin, std::int64_t end) {
  walk<kExactRows>(a, begin, end, ExactKernel{decoder(a.form)});
}

// By 256 bits for all: 32 numbers are little work.
void quantize(std::int64_t count, const float* x, QuantizedUnit* to, std::int64_t step) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  for (std::int64_t u = 0; u < count; ++u, x += kBlockUnit, to += step) {
    __m256 v[4], part[4];
    for (int i = 0; i < 4; ++i) v[i] = _mm256_loadu_ps(x + 8 * i), part[i] = _mm256_and_ps(v[i], magnitude);
    // The bits of floats without sign are in the order of the numbers, those of NaN above all.
    auto most_of = [](__m256 a, __m256 b) {
      return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
    };
    const __m256 eight = most_of(most_of(part[0], part[1]), most_of(part[2], part[3]));
    __m128i four = _mm_max_epi32(_mm_castps_si128(_mm256_castps256_ps128(eight)),
                                 _mm_castps_si128(_mm256_extractf128_ps(eight, 1)));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    const float most = _mm_cvtss_f32(_mm_castsi128_ps(four));
    const bool finite = _mm_cvtsi128_si32(four) < 0x7f800000;
    *to = {};
    if (!finite) {
      to->scale = to->sum[0] = to->sum[1] = to->sum[2] = __builtin_nanf("");
      continue;
    }
    if (most < kLeastUnit) continue;
    to->scale = most / 127;
    const __m256 inverse = _mm256_set1_ps(127 / most);
    __m256i q[4];
    for (int i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
    // Packing works within halves of 128 bits: the order is put right at the end.
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to->q),
                        _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
    const __m256i first = _mm256_add_epi32(q[0], q[1]), last = _mm256_add_epi32(q[2], q[3]);
    const __m256i pairs = _mm256_hadd_epi32(first, last), fours = _mm256_hadd_epi32(pairs, pairs);
    const __m128i totals = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    const std::int32_t a = _mm_cvtsi128_si32(totals), b = _mm_extract_epi32(totals, 1);
    const std::int32_t all[3] = {a + b, a, b};
    for (int i = 0; i < 3; ++i) {
      to->sum[i] = to->scale * static_cast<float>(all[i]);
      to->minus_total[i] = -all[i];
    }
  }
}

}  // namespace

void fill_block_linear(BlockLinearTable& table) {
  table.panel = kBlockPanel;
  table.tile = kExactRows;
  table.quantize = quantize;
  table.exact = exact;
}

}  // namespace frugal::FRUGAL_SIMD
