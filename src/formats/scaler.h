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
  explicit Scaler(MakeTaps taps, int workers = 1) : make_taps_(taps), workers_(workers) {}
  void fit(const Image& image, int width, int height);
  // Row y of the picture that fit() saw, scaled: width * channels bytes, valid until the next call of this worker.
  // Workers may call side by side.
  const std::uint8_t* row(const Image& image, int y, int worker = 0);
  Image scale(const Image& image, int width, int height);

 private:
  MakeTaps make_taps_;
  int workers_;
  int in_width_ = 0, in_height_ = 0, width_ = 0, height_ = 0, channels_ = 0;
  AxisTaps across_, down_;
  std::vector<std::vector<float>> scratch_{};  // of each worker
  std::vector<std::vector<std::uint8_t>> out_{};
};

}  // namespace frugal
