// Two hash tables that are filled once and then only read: pairs of ids, and strings of bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace frugal {

inline std::uint64_t mix_bits(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0x9E3779B97F4A7C15u;
  return x ^ x >> 29;
}

inline std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t hash = bytes.size() * 0xD6E8FEB86659FD93u;
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    hash = mix_bits(hash ^ word);
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < left; ++i) word |= std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
  return mix_bits(mix_bits(hash ^ word));
}

// (left id, right id) -> (rank, id of both together).
class PairTable {
 public:
  struct Merge {
    std::uint32_t rank;
    std::int32_t id;
  };

  explicit PairTable(std::size_t count = 0) : slots_(std::bit_ceil(2 * count + 2)), mask_(slots_.size() - 1) {}

  // The first entry of a pair stays.
  void add(std::int32_t left, std::int32_t right, Merge merge) {
    const std::uint64_t key = key_of(left, right);
    std::size_t i = mix_bits(key) & mask_;
    for (; slots_[i].key != kFree; i = (i + 1) & mask_)
      if (slots_[i].key == key) return;
    slots_[i] = {key, merge};
  }

  const Merge* find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t i = mix_bits(key) & mask_; slots_[i].key != kFree; i = (i + 1) & mask_)
      if (slots_[i].key == key) return &slots_[i].merge;
    return nullptr;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge{};
  };
  std::vector<Slot> slots_;
  std::size_t mask_;
};

// Bytes -> id, where the bytes lie elsewhere and outlive the table.
class BytesTable {
 public:
  explicit BytesTable(std::size_t count = 0) : slots_(std::bit_ceil(2 * count + 2)), mask_(slots_.size() - 1) {}

  // The first entry of a string stays.
  void add(std::string_view bytes, std::int32_t id) {
    const std::uint64_t hash = hash_bytes(bytes);
    std::size_t i = hash & mask_;
    for (; slots_[i].id >= 0; i = (i + 1) & mask_)
      if (slots_[i].is(hash, bytes)) return;
    slots_[i] = {bytes.data(), static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint32_t>(hash >> 32), id};
  }

  std::int32_t find(std::string_view bytes) const {  // -1 where there is none
    const std::uint64_t hash = hash_bytes(bytes);
    for (std::size_t i = hash & mask_; slots_[i].id >= 0; i = (i + 1) & mask_)
      if (slots_[i].is(hash, bytes)) return slots_[i].id;
    return -1;
  }

 private:
  struct Slot {
    const char* data = nullptr;
    std::uint32_t size = 0, tag = 0;
    std::int32_t id = -1;
    bool is(std::uint64_t hash, std::string_view bytes) const {
      return tag == hash >> 32 && size == bytes.size() && std::memcmp(data, bytes.data(), size) == 0;
    }
  };
  std::vector<Slot> slots_;
  std::size_t mask_;
};

}  // namespace frugal
