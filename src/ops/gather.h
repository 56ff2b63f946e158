// The engine's binding of ops that pick or place elements by indices known only at run time.
#pragma once

#include "engine/engine_op.h"

namespace frugal {

// Element `i` of an int32 or int64 tensor.
class Indices {
 public:
  Indices(DType type, const void* data) : wide_(type == DType::i64), data_(data) {}
  std::int64_t operator[](std::int64_t i) const {
    return wide_ ? static_cast<const std::int64_t*>(data_)[i] : static_cast<const std::int32_t*>(data_)[i];
  }
  // Counted from the end where negative; -1 where outside of 0..size-1.
  std::int64_t at(std::int64_t i, std::int64_t size) const {
    std::int64_t index = (*this)[i];
    if (index < 0) index += size;
    return index >= 0 && index < size ? index : -1;
  }

 private:
  bool wide_;
  const void* data_;
};

// What stands where an index lies outside: NaN, or 0 for types without one. `count` elements.
void fill_outside(DType type, std::int64_t count, void* out);

}  // namespace frugal
