#include "kernels/simd/int8_avx2.h"
//
#include "kernels/simd/int8_dot.inl"
#include "kernels/simd/int8_words.h"

namespace frugal::avx2 {
namespace {

alignas(32) constexpr std::int16_t kOnes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

// Exact where neighbouring weights of one sign add up to at most 128, which the packing sees to.
struct MaddDot : Int8Dot {
  static constexpr bool kSplits = true;
  static constexpr const char* kInstruction = "vpmaddubsw";
  // In assembler, with the ones in memory: 12 sums, 2 weights, an input and a product fill the 16 registers.
  static I dot(I sum, I x, I w) {
    I product;
    asm("vpmaddubsw %3, %2, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"
        : "+x"(sum), "=&x"(product)
        : "x"(x), "x"(w), "m"(kOnes));
    return sum;
  }
};

struct WordsDot : Int8Dot {
  static constexpr int kStep = 2, kPixelBytes = kLanes * 2;
  static constexpr bool kAsIs = false, kSplits = false;
  static constexpr const char* kInstruction = "vpmaddwd";
  static void stage(const In* from, std::uint8_t* to, int) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_cvtepu8_epi16(load_lanes(from)));
  }
  static I dot(I sum, I x, I w) { return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w)); }
};

}  // namespace

DotKernel<Int8Args> int8_words() { return dense_kernel<WordsDot>(); }

void fill_int8_dot(KernelTable& table) { table.int8.dense = dense_kernel<MaddDot>(); }

}  // namespace frugal::avx2
