#include "kernels/block_units.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "tensor/block_types.h"

namespace frugal {
namespace {

constexpr std::array kTypes = {DType::q8_0, DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,
                               DType::q2_k, DType::q3_k, DType::q4_k, DType::q5_k, DType::q6_k,
                               DType::f16,  DType::bf16, DType::f32};

void nibbles(const std::uint8_t q[16], std::uint8_t* code) {
  for (int i = 0; i < 16; ++i) code[i] = q[i] & 15, code[i + 16] = q[i] >> 4;
}
void fifth_bits(const std::uint8_t high[4], std::uint8_t* code) {
  std::uint32_t bits;
  std::memcpy(&bits, high, sizeof(bits));
  for (int i = 0; i < 32; ++i) code[i] = static_cast<std::uint8_t>(code[i] | (bits >> i & 1) << 4);
}
// `bits` bits at `shift` of 32 bytes, moved up by `to`.
void add_bits(const std::uint8_t* from, int shift, int mask, int to, std::uint8_t* code) {
  for (int i = 0; i < 32; ++i) code[i] = static_cast<std::uint8_t>(code[i] | (from[i] >> shift & mask) << to);
}
std::int8_t byte(int x) { return static_cast<std::int8_t>(x); }
std::uint16_t negative(std::uint16_t half) { return half ^ 0x8000; }

void read(const BlockQ8_0& b, int, BlockUnit& u) {
  u.d = b.d;
  std::memcpy(u.code, b.q, sizeof(u.code));
}
void read(const BlockQ4_0& b, int, BlockUnit& u) {
  u.d = b.d;
  nibbles(b.q, u.code);
}
void read(const BlockQ4_1& b, int, BlockUnit& u) {
  u.d = b.d, u.m = b.m;
  nibbles(b.q, u.code);
}
void read(const BlockQ5_0& b, int, BlockUnit& u) {
  u.d = b.d;
  nibbles(b.q, u.code);
  fifth_bits(b.high, u.code);
}
void read(const BlockQ5_1& b, int, BlockUnit& u) {
  u.d = b.d, u.m = b.m;
  nibbles(b.q, u.code);
  fifth_bits(b.high, u.code);
}
void read(const BlockQ2K& b, int at, BlockUnit& u) {
  u.d = b.d, u.m = negative(b.dmin);
  add_bits(b.q + at / 4 * 32, at % 4 * 2, 3, 0, u.code);
  for (int g = 0; g < 2; ++g) u.scale[g] = byte(b.scales[2 * at + g] & 15), u.min[g] = byte(b.scales[2 * at + g] >> 4);
}
void read(const BlockQ3K& b, int at, BlockUnit& u) {
  u.d = b.d;
  add_bits(b.q + at / 4 * 32, at % 4 * 2, 3, 0, u.code);
  add_bits(b.high, at, 1, 2, u.code);
  for (int g = 0; g < 2; ++g) u.scale[g] = byte(scale_q3k(b.scales, 2 * at + g));
}
void read_k4(const std::uint8_t scales[12], int at, BlockUnit& u) {
  int scale = 0, min = 0;
  scale_min_k4(scales, at, scale, min);
  u.scale[0] = byte(scale), u.min[0] = byte(min);
}
void read(const BlockQ4K& b, int at, BlockUnit& u) {
  u.d = b.d, u.m = negative(b.dmin);
  read_k4(b.scales, at, u);
  add_bits(b.q + at / 2 * 32, at % 2 * 4, 15, 0, u.code);
}
void read(const BlockQ5K& b, int at, BlockUnit& u) {
  u.d = b.d, u.m = negative(b.dmin);
  read_k4(b.scales, at, u);
  add_bits(b.q + at / 2 * 32, at % 2 * 4, 15, 0, u.code);
  add_bits(b.high, at, 1, 4, u.code);
}
void read(const BlockQ6K& b, int at, BlockUnit& u) {
  u.d = b.d;
  add_bits(b.low + at / 4 * 64 + at % 2 * 32, at % 4 / 2 * 4, 15, 0, u.code);
  add_bits(b.high + at / 4 * 32, at % 4 * 2, 3, 4, u.code);
  for (int g = 0; g < 2; ++g) u.scale[g] = b.scales[2 * at + g];
}

template <typename Block>
void read_of_row(const void* row, std::int64_t unit, BlockUnit& u) {
  constexpr std::int64_t units = Block::kElements / kBlockUnit;
  read(static_cast<const Block*>(row)[unit / units], static_cast<int>(unit % units), u);
}

}  // namespace

BlockUnit block_unit(DType type, const void* row, std::int64_t unit) {
  BlockUnit u{};
  u.scale[0] = u.scale[1] = u.min[0] = u.min[1] = 1;
  switch (type) {
    case DType::q8_0: read_of_row<BlockQ8_0>(row, unit, u); break;
    case DType::q4_0: read_of_row<BlockQ4_0>(row, unit, u); break;
    case DType::q4_1: read_of_row<BlockQ4_1>(row, unit, u); break;
    case DType::q5_0: read_of_row<BlockQ5_0>(row, unit, u); break;
    case DType::q5_1: read_of_row<BlockQ5_1>(row, unit, u); break;
    case DType::q2_k: read_of_row<BlockQ2K>(row, unit, u); break;
    case DType::q3_k: read_of_row<BlockQ3K>(row, unit, u); break;
    case DType::q4_k: read_of_row<BlockQ4K>(row, unit, u); break;
    case DType::q5_k: read_of_row<BlockQ5K>(row, unit, u); break;
    case DType::q6_k: read_of_row<BlockQ6K>(row, unit, u); break;
    default: FRUGAL_ASSERT(false);
  }
  return u;
}

bool has_block_form(DType type) { return dtype_info(type).blocks() || type == DType::f16 || type == DType::bf16; }

BlockForm block_form(DType type) {
  std::size_t i = 0;
  while (kTypes[i] != type) FRUGAL_ASSERT(++i < kTypes.size());
  return static_cast<BlockForm>(i);
}

DType block_dtype(BlockForm form) { return kTypes[static_cast<std::size_t>(form)]; }

}  // namespace frugal
