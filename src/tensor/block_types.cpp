#include "tensor/block_types.h"

#include <cmath>
#include <cstring>

#include "base/check.h"
#include "tensor/block_codecs.h"
#include "tensor/half.h"

namespace frugal {
namespace {

template <typename Block>
void dequantize_blocks(const void* row, std::int64_t n, float* out) {
  const auto* blocks = static_cast<const Block*>(row);
  for (std::int64_t i = 0; i < n / Block::kElements; ++i) dequantize(blocks[i], out + i * Block::kElements);
}

template <typename Block>
void quantize_blocks(const float* row, std::int64_t n, void* out) {
  auto* blocks = static_cast<Block*>(out);
  for (std::int64_t i = 0; i < n / Block::kElements; ++i) quantize(row + i * Block::kElements, blocks[i]);
}

// Calls f with a block of the given type.
template <typename F>
void for_block(DType type, F f) {
  switch (type) {
    case DType::q8_0: return f(BlockQ8_0{});
    case DType::q4_0: return f(BlockQ4_0{});
    case DType::q4_1: return f(BlockQ4_1{});
    case DType::q5_0: return f(BlockQ5_0{});
    case DType::q5_1: return f(BlockQ5_1{});
    case DType::q2_k: return f(BlockQ2K{});
    case DType::q3_k: return f(BlockQ3K{});
    case DType::q4_k: return f(BlockQ4K{});
    case DType::q5_k: return f(BlockQ5K{});
    case DType::q6_k: return f(BlockQ6K{});
    default: fail("rows of {} are not quantised", name(type));
  }
}

void check_length(DType type, std::int64_t n) { FRUGAL_ASSERT(n >= 0 && n % dtype_info(type).block_elements == 0); }

}  // namespace

void dequantize_row(DType type, const void* row, std::int64_t n, float* out) {
  check_length(type, n);
  const auto* halves = static_cast<const std::uint16_t*>(row);
  switch (type) {
    case DType::f32:
      if (n) std::memcpy(out, row, static_cast<std::size_t>(n) * sizeof(float));
      break;
    case DType::f16:
      for (std::int64_t i = 0; i < n; ++i) out[i] = half_to_float(halves[i]);
      break;
    case DType::bf16:
      for (std::int64_t i = 0; i < n; ++i) out[i] = bf16_to_float(halves[i]);
      break;
    default: for_block(type, [&]<typename Block>(Block) { dequantize_blocks<Block>(row, n, out); });
  }
}

void quantize_row(DType type, const float* row, std::int64_t n, void* out) {
  check_length(type, n);
  auto* halves = static_cast<std::uint16_t*>(out);
  switch (type) {
    case DType::f32:
      if (n) std::memcpy(out, row, static_cast<std::size_t>(n) * sizeof(float));
      break;
    case DType::f16:
      for (std::int64_t i = 0; i < n; ++i) halves[i] = float_to_half(row[i]);
      break;
    case DType::bf16:
      for (std::int64_t i = 0; i < n; ++i) halves[i] = float_to_bf16(row[i]);
      break;
    default:
      for (std::int64_t i = 0; i < n; ++i)
        require(std::isfinite(row[i]), "a value is {}, which {} cannot hold", row[i], name(type));
      for_block(type, [&]<typename Block>(Block) { quantize_blocks<Block>(row, n, out); });
  }
}

}  // namespace frugal
