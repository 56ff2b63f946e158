// Decompression with the output size known beforehand, so that no file can ask for more memory than
// its own length justifies.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace frugal {

// Raw DEFLATE (RFC 1951) data that must fill exactly `size` bytes and be used up completely.
// Error if it is corrupt, longer or shorter. DEFLATE expands at most 1032-fold: a larger `size` is
// refused before anything is allocated.
std::vector<std::byte> inflate_exactly(std::span<const std::byte> data, std::size_t size);

// A .gz file of one member (RFC 1952), at most `max_bytes` when unpacked. CRC-32 and length are checked.
std::vector<std::byte> gunzip(std::span<const std::byte> data, std::size_t max_bytes);

std::vector<std::byte> deflate(std::span<const std::byte> data);  // raw DEFLATE

}  // namespace frugal
