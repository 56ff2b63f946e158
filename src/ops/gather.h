// The engine's binding of ops that pick or place elements by indices known only at run time.
#pragma once

#include <optional>

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

// Where element `i` of an array of `shape` lies in one with other strides, dim `axis` left out.
std::int64_t offset_without(const Shape& shape, const Shape& strides, std::int64_t i, std::size_t axis);

// Slices of x [batch..., named dims..., rest...] named by indices [batch..., ..., number of named dims].
struct NdSlices {
  std::int64_t count = 1, slice = 1;  // slices that are named; elements of one
  std::int64_t per_batch = 1;         // names a batch
  Shape named;                        // sizes of the named dims
  // Which slice of x the i-th name means; -1 where one number lies outside.
  std::int64_t at(const Indices& indices, std::int64_t i) const;
};
NdSlices nd_slices(const Shape& x, const Shape& indices, std::int64_t batch_dims);

// How a scattered update meets what is there: nullopt replaces it. From the attribute `reduction`.
std::optional<Binary> scatter_reduction(const Node& node);

// What stands where an index lies outside: NaN, or 0 for types without one. `count` elements.
void fill_outside(DType type, std::int64_t count, void* out);

}  // namespace frugal
