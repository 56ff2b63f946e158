// Convolutions and linear layers on bfloat16 (AVX512_BF16): inputs are rounded when they are staged, products exact,
// sums float32. The instructions stand in assembler, so that the file needs no flag of its own; runs only where
// bf16_supported().
#include "kernels/simd/vec_avx512.h"
//
#include "kernels/simd/dense.inl"

namespace frugal::avx512 {
namespace {

struct Bf16Dot {
  using Args = Bf16Args;
  using In = float;
  using Acc = V;
  using Weight = __m512i;
  static constexpr int kStep = 2, kPixelBytes = kLanes * 2;
  static constexpr bool kAsIs = false, kSplits = false;
  static constexpr const char* kInstruction = "vdpbf16ps";

  static void stage(const In* from, std::uint8_t* to, int valid) {
    __m256i halves;
    asm("vcvtneps2bf16 %1, %0" : "=v"(halves) : "v"(load_first(from, valid)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), halves);
  }
  static In padding(const Args&) { return 0; }
  static V start(const Args&, const Place&, int, int) { return zero(); }
  static Weight load_weight(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static Weight broadcast_x(const std::uint8_t* p) {
    std::int32_t x;
    std::memcpy(&x, p, sizeof(x));
    return _mm512_set1_epi32(x);
  }
  static V dot(V sum, Weight x, Weight w) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
  }
  static V to_float(V sum) { return sum; }

  static void finish(const Args& a, const Place& place, int rows, int blocks, const float* sums) {
    const Conv2dShape& s = a.shape;
    const Epilogue& e = a.epilogue;
    const std::int64_t c = place.block * kLanes, plane = s.out_h * s.out_w * kLanes;
    const std::int64_t row = a.row_major ? s.out_c : kLanes,
                       at = a.row_major ? place.pixel * row + c
                                        : (place.image * blocks_of(s.out_c) + place.block) * plane + place.pixel * row;
    finish_values(sums, rows, blocks,
                  {a.out + at, e.residual ? e.residual + at : nullptr, row, a.row_major ? kLanes : plane,
                   e.bias ? e.bias + c : nullptr, e.activation.slope ? e.activation.slope + c : nullptr,
                   valid_lanes(s.out_c, place.block + blocks - 1), false, !a.row_major},
                  e);
  }
};

}  // namespace

void fill_bf16(KernelTable& table) { table.bf16 = dense_kernel<Bf16Dot>(); }

}  // namespace frugal::avx512
