// Separable resampling of planes: bilinear and bicubic resizing, pooling into windows of unequal size.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/types.h"

namespace frugal {

// What each element of the output's axis is made of: elements first[i] .. first[i + 1] - 1 of index and weight.
struct AxisTaps {
  std::int64_t in_size = 0;
  std::vector<std::int64_t> first{0};
  std::vector<std::int64_t> index;
  std::vector<float> weight;

  std::int64_t out_size() const { return static_cast<std::int64_t>(first.size()) - 1; }
};

// Where the centre of output pixel d lies in the input, with s = in / out or the given 1 / scale:
//  half_pixel     (d + 1/2) s - 1/2    PyTorch's align_corners=False
//  align_corners  d (in - 1) / (out - 1)
//  asymmetric     d s
//  pytorch_half_pixel    half_pixel, but 0 where the output has one pixel
//  half_pixel_symmetric  half_pixel about the middle of the input, where out is not exactly in * scale
enum class Coordinates : std::uint8_t {
  half_pixel,
  align_corners,
  asymmetric,
  pytorch_half_pixel,
  half_pixel_symmetric
};

// How `nearest` rounds: the way of the coordinates (see nearest_map), or as ONNX names it.
enum class Rounding : std::uint8_t { of_coordinates, prefer_floor, prefer_ceil, floor, ceil };

// One axis of a resize. Computed in float32 like LibTorch's, so that both pick the same neighbours.
struct ResizeAxis {
  std::int64_t in, out;
  Coordinates coordinates;
  double scale = 0;  // out / in as the user gave it; 0: from the sizes
  Rounding rounding = Rounding::of_coordinates;
  float cubic = -0.75f;          // Keys' a
  bool exclude_outside = false;  // cubic taps beyond the border count nothing, the others share their weight
};

// Index of the nearest input pixel for every output pixel. Rounding::of_coordinates: asymmetric is rounded down
// (PyTorch's "nearest"), half_pixel takes the pixel that holds the centre ("nearest-exact"), the others round halves
// up.
std::vector<std::int64_t> nearest_map(const ResizeAxis& axis);
AxisTaps linear_taps(const ResizeAxis& axis);
// Keys, "Cubic convolution interpolation for digital image processing", 1981, for distances below 1 and up to 2.
template <typename T>
T cubic_near(T a, T x) {
  return ((a + 2) * x - (a + 3)) * x * x + 1;
}
template <typename T>
T cubic_far(T a, T x) {
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}
// Keys' convolution over four pixels, the border repeated.
AxisTaps cubic_taps(const ResizeAxis& axis);
// Equal weights over floor(d in / out) .. ceil((d + 1) in / out) - 1: adaptive average pooling.
AxisTaps window_taps(std::int64_t in, std::int64_t out);

// Floats of scratch of KernelTable::scale_bytes: a row before and after it is scaled along, each with room for a
// vector.
inline std::int64_t scale_scratch(const ResampleAxis& across, int channels) {
  return (across.in + across.out) * channels + 32;
}

// The taps as a kernel takes them; they must live as long.
inline ResampleAxis resample_axis(const AxisTaps& taps) {
  return {taps.in_size, taps.out_size(), taps.first.data(), taps.index.data(), taps.weight.data()};
}

}  // namespace frugal
