// Copies with another order of elements: what concat, slice, pad, pixel shuffle, transpose and nearest
// resizing come down to. Any element type: only its size in bytes matters. Plans are made once, when a
// graph is compiled; running them allocates nothing, and rows may be divided among threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace frugal {

// Element (i, j, ...) goes from in[i * in_stride[0] + j * in_stride[1] + ...] to the same sum of
// out_stride. Strides are in elements and may be 0 or negative.
class CopyPlan {
 public:
  CopyPlan(std::span<const std::int64_t> size, std::span<const std::int64_t> in_stride,
           std::span<const std::int64_t> out_stride, std::size_t element_bytes);

  std::int64_t rows() const { return rows_; }  // of all dims but the innermost one
  void run(const void* in, void* out, std::int64_t row_begin, std::int64_t row_end) const;

 private:
  struct Axis {
    std::int64_t size, in_stride, out_stride;
  };
  std::vector<Axis> outer_;  // neighbours that can be walked as one are merged
  Axis inner_;
  std::int64_t rows_;
  std::size_t bytes_;
};

// Every dim of the output has a map to the input's index there: out[i, j, ...] = in[map0[i], map1[j], ...].
// -1 in a map stands for the fill value. Input and output are dense.
class GatherPlan {
 public:
  // fill: element_bytes bytes.
  GatherPlan(std::span<const std::int64_t> in_size, std::vector<std::vector<std::int64_t>> maps,
             std::size_t element_bytes, const void* fill);

  std::int64_t rows() const { return rows_; }  // of all dims up to the last one whose map is not the identity
  void run(const void* in, void* out, std::int64_t row_begin, std::int64_t row_end) const;

 private:
  struct Axis {
    std::int64_t size;       // of the output
    std::int64_t in_stride;  // in bytes
    std::vector<std::int64_t> map;
  };
  void run_row(const std::byte* in, std::byte* out) const;

  std::vector<Axis> outer_;
  Axis inner_;
  std::int64_t rows_;
  std::size_t unit_;               // bytes of one step along the inner axis, copied as they are
  std::vector<std::byte> filled_;  // a unit of the fill value
};

}  // namespace frugal
