// Separable scaling of pictures of bytes: every pixel is a weighted sum, down the columns first, then along the row.
#pragma once

#include <cstdint>
#include <vector>

#include "frugal/image.h"
#include "frugal/prepare.h"
#include "kernels/resample.h"

namespace frugal {

using MakeTaps = AxisTaps (*)(std::int64_t in, std::int64_t out);

// As Pillow and torchvision do: where it shrinks, the filter widens with the scale.
MakeTaps antialiasing_taps(Interpolation interpolation);
// As OpenCV's INTER_AREA where it shrinks (the mean of the pixels covered), INTER_LINEAR where it grows.
AxisTaps area_taps(std::int64_t in, std::int64_t out);

// Keeps what depends on the sizes alone, so that pictures of one size allocate nothing after the first.
class Scaler {
 public:
  explicit Scaler(MakeTaps taps) : make_taps_(taps) {}
  void fit(const Image& image, int width, int height);
  // Row y of the picture that fit() saw, scaled: width * channels bytes, valid until the next call.
  const std::uint8_t* row(const Image& image, int y);
  Image scale(const Image& image, int width, int height);

 private:
  MakeTaps make_taps_;
  int in_width_ = 0, in_height_ = 0, width_ = 0, height_ = 0, channels_ = 0;
  AxisTaps across_, down_;
  std::vector<float> scratch_;
  std::vector<std::uint8_t> out_;
};

}  // namespace frugal
