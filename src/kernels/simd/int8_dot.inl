// Dot products of bytes: what the instruction sets' own kinds share (see dense.inl).
#pragma once

#include "kernels/simd/dense.inl"
#include "kernels/simd/int8_store.inl"

namespace frugal::FRUGAL_SIMD {
namespace {

struct Int8Dot {
  using Args = Int8Args;
  using In = std::uint8_t;
  using Acc = I;
  using Weight = I;
  static constexpr int kStep = 4, kPixelBytes = kLanes;
  static constexpr bool kAsIs = true;
  static void stage(const In* from, std::uint8_t* to, int) { std::memcpy(to, from, kLanes); }
  static In padding(const Args& a) { return static_cast<In>(a.in_zero); }

  static I start(const Args& a, const Place& place, int block, int row) {
    const std::int64_t channel = (place.block + block) * kLanes;
    const I first = load_i(a.first + channel);
    if (!a.weight_zero) return first;
    const std::int64_t pixel = place.image * a.shape.out_h * a.shape.out_w + place.pixel + row;
    return sub_i(first, mul_i(load_i(a.weight_zero + channel), set1_i(a.window_sums[pixel])));
  }
  static I load_weight(const std::uint8_t* p) { return load_i(p); }
  static I broadcast_x(const std::uint8_t* p) { return broadcast_i(p); }
  static V to_float(I sum) { return frugal::FRUGAL_SIMD::to_float(sum); }
  static void finish(const Args& a, const Place& place, int rows, int blocks, float* sums) {
    finish_int8(sums, rows, blocks, int8_store(a, place.image, place.block, blocks, place.pixel), a.epilogue);
  }
};

}  // namespace
}  // namespace frugal::FRUGAL_SIMD
