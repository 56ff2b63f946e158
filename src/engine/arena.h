// The memory of activations and scratch.
#pragma once

#include <algorithm>
#include <cstddef>

#include "frugal/tensor.h"

namespace frugal {

// Shared by the programs of a session, of which one runs at a time: each finds its values at the same offsets from the
// base, wherever that has moved to since. Nothing in it outlasts a run, but outputs that were borrowed.
class Arena {
 public:
  std::size_t bytes() const { return memory_.bytes(); }
  // At least so many bytes; what was there is lost where it grows. The pages have been touched.
  void reserve(std::size_t bytes) {
    if (memory_.defined() && bytes <= memory_.bytes()) return;
    // A little more than is asked for, where shapes come one larger than the other.
    const std::size_t more = memory_.defined() ? std::max(bytes, memory_.bytes() + memory_.bytes() / 4) : bytes;
    memory_ = {};
    memory_ = Tensor(DType::u8, {static_cast<std::int64_t>(more)});
  }
  std::byte* base() { return static_cast<std::byte*>(memory_.raw()); }

 private:
  Tensor memory_;
};

}  // namespace frugal
