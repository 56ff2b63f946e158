// Two hash tables that are filled once and then only read: pairs of ids, and strings of bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
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

// Strings of a list -> their places in it. Eight bytes a slot and three quarters filled at most: vocabularies are
// large.
class BytesTable {
 public:
  BytesTable() : BytesTable(nullptr, 0) {}
  // `strings` must outlive the table and stay as they are.
  explicit BytesTable(const std::vector<std::string>& strings) : BytesTable(strings.data(), strings.size()) {}

  // Of equal strings the one that was added first stays.
  void add(std::int32_t place) {
    const std::string_view bytes = strings_[place];
    const std::uint64_t hash = hash_bytes(bytes);
    std::size_t i = hash & mask_;
    for (; slots_[i].place >= 0; i = (i + 1) & mask_)
      if (is(slots_[i], hash, bytes)) return;
    slots_[i] = {static_cast<std::uint32_t>(hash >> 32), place};
  }

  std::int32_t find(std::string_view bytes) const {  // -1 where there is none
    const std::uint64_t hash = hash_bytes(bytes);
    for (std::size_t i = hash & mask_; slots_[i].place >= 0; i = (i + 1) & mask_)
      if (is(slots_[i], hash, bytes)) return slots_[i].place;
    return -1;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t place = -1;
  };
  BytesTable(const std::string* strings, std::size_t count)
      : strings_(strings), slots_(std::bit_ceil(count + count / 3 + 2)), mask_(slots_.size() - 1) {}
  bool is(const Slot& slot, std::uint64_t hash, std::string_view bytes) const {
    return slot.tag == hash >> 32 && strings_[slot.place] == bytes;
  }

  const std::string* strings_;
  std::vector<Slot> slots_;
  std::size_t mask_;
};

}  // namespace frugal
