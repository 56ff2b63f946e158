// Separable resampling of planes: bilinear and bicubic resizing, pooling into windows of unequal size.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

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
enum class Coordinates : std::uint8_t { half_pixel, align_corners, asymmetric };

// One axis of a resize. Computed in float32 like LibTorch's, so that both pick the same neighbours.
struct ResizeAxis {
  std::int64_t in, out;
  Coordinates coordinates;
  double scale = 0;  // out / in as the user gave it; 0: from the sizes
};

// Index of the nearest input pixel for every output pixel. asymmetric: rounded down (PyTorch's "nearest");
// half_pixel: the pixel that holds the centre ("nearest-exact"); align_corners: rounded, halves up.
std::vector<std::int64_t> nearest_map(const ResizeAxis& axis);
AxisTaps linear_taps(const ResizeAxis& axis);
// Keys' convolution with a = -0.75 over four pixels, the border repeated.
AxisTaps cubic_taps(const ResizeAxis& axis);
// Equal weights over floor(d in / out) .. ceil((d + 1) in / out) - 1: adaptive average pooling.
AxisTaps window_taps(std::int64_t in, std::int64_t out);

// Planes [in_h, in_w, lanes] to [out_h, out_w, lanes]. Rows of the output [row_begin, row_end) of planes * out_h.
// Scratch: in_w * lanes floats.
void resample(const AxisTaps& vertical, const AxisTaps& horizontal, std::int64_t lanes, const float* in, float* out,
              std::int64_t row_begin, std::int64_t row_end, float* scratch);

}  // namespace frugal
