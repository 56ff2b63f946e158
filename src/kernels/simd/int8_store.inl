// The store of every 8-bit kernel: exact sums become bytes or floats.
#pragma once

#include "kernels/simd/conv_common.inl"

namespace frugal::FRUGAL_SIMD {

// Where rows x blocks vectors of sums go. Row p, block b lies at p * row_stride + b * block_stride, in elements.
struct Int8Store {
  void* out;
  const void* residual;
  std::int64_t row_stride, block_stride;
  const float *multiplier, *bias;
  int last_lanes;                    // valid lanes of the last block
  bool whole;                        // lanes beyond the valid ones may be written (blocked layout)
  const float* row_scale = nullptr;  // of each row, or null
};

// `sums` are [rows][blocks] vectors of floats that hold whole numbers; they are changed. Any activation but prelu,
// whose slope is no number of the epilogue. Once an instruction set, as finish_values is.
void finish_int8(float* sums, int rows, int blocks, const Int8Store& to, const Int8Epilogue& e);

namespace {

inline void store_bytes_first(std::uint8_t* p, V v, I zero, int n) {
  if (n >= kLanes) return store_bytes(p, v, zero);
  std::uint8_t bytes[kLanes];
  store_bytes(bytes, v, zero);
  std::memcpy(p, bytes, static_cast<std::size_t>(n));
}
inline V load_bytes_first(const std::uint8_t* p, int n) {
  if (n >= kLanes) return load_bytes(p);
  std::uint8_t bytes[kLanes] = {};
  std::memcpy(bytes, p, static_cast<std::size_t>(n));
  return load_bytes(bytes);
}

inline Int8Store int8_store(const Int8Args& a, std::int64_t image, std::int64_t block, int blocks, std::int64_t pixel) {
  const Conv2dShape& s = a.shape;
  const Int8Epilogue& e = a.epilogue;
  const std::int64_t pixels = s.out_h * s.out_w;
  const std::int64_t row = a.row_major ? s.out_c : kLanes, plane = a.row_major ? kLanes : pixels * kLanes;
  const std::int64_t at =
      a.row_major ? pixel * row + block * kLanes : (image * blocks_of(s.out_c) + block) * plane + pixel * kLanes;
  const std::int64_t left = s.out_c - (block + blocks - 1) * kLanes;
  auto byte_at = [at](const void* base, bool bytes) -> const void* {
    return bytes ? static_cast<const void*>(static_cast<const std::uint8_t*>(base) + at)
                 : static_cast<const void*>(static_cast<const float*>(base) + at);
  };
  return {const_cast<void*>(byte_at(a.out, e.quantized)),
          e.residual ? byte_at(e.residual, !e.residual_is_float) : nullptr,
          row,
          plane,
          e.multiplier + block * kLanes,
          e.bias + block * kLanes,
          static_cast<int>(left < kLanes ? left : kLanes),
          !a.row_major,
          e.row_scale ? e.row_scale + pixel : nullptr};
}

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
