// Small unsigned numbers packed without gaps: a stream of bits, the first number in the lowest bits of byte 0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace frugal {

inline std::int64_t packed_bytes(std::int64_t count, int bits) { return (count * bits + 7) / 8; }

// `bits` 1..8; values at most 2^bits - 1. The last byte is filled up with zeros.
std::vector<std::uint8_t> pack_bits(std::span<const std::uint8_t> values, int bits);
// Reads packed_bytes(count, bits) bytes; what follows the last number in its byte is ignored.
void unpack_bits(const std::uint8_t* packed, int bits, std::int64_t count, std::uint8_t* values);

}  // namespace frugal
