#include "frugal/prepare.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "formats/scaler.h"

namespace frugal {
namespace {

std::uint8_t to_byte(float value) { return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f))); }

}  // namespace

Image resize_image(const Image& image, int width, int height, Interpolation interpolation) {
  return Scaler(antialiasing_taps(interpolation)).scale(image, width, height);
}

Image convert_channels(const Image& image, int channels) {
  if (image.channels == channels) return image;
  require(channels == 1 || channels == 3, "a picture has 1 or 3 channels; the network wants {}", channels);
  Image out(image.width, image.height, channels);
  std::size_t count = static_cast<std::size_t>(image.width) * image.height;
  for (std::size_t i = 0; i < count; ++i) {
    if (channels == 3) {
      for (std::size_t c = 0; c < 3; ++c) out.pixels[3 * i + c] = image.pixels[i];
    } else {
      const std::uint8_t* p = &image.pixels[3 * i];
      out.pixels[i] = to_byte(0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2]);
    }
  }
  return out;
}

Image crop_image(const Image& image, int left, int top, int width, int height) {
  FRUGAL_ASSERT(left >= 0 && top >= 0 && left + width <= image.width && top + height <= image.height);
  Image out(width, height, image.channels);
  std::size_t row = static_cast<std::size_t>(width) * image.channels;
  for (int y = 0; y < height; ++y)
    std::copy_n(image.pixels.begin() + (static_cast<std::ptrdiff_t>(top + y) * image.width + left) * image.channels,
                row, out.pixels.begin() + static_cast<std::ptrdiff_t>(y * row));
  return out;
}

Image pad_image(const Image& image, int pad) {
  Image out(image.width + 2 * pad, image.height + 2 * pad, image.channels);
  std::ptrdiff_t row = std::ptrdiff_t{image.width} * image.channels;
  for (int y = 0; y < image.height; ++y)
    std::copy_n(image.pixels.begin() + y * row, row,
                out.pixels.begin() + (std::ptrdiff_t{y + pad} * out.width + pad) * out.channels);
  return out;
}

void check_shape(const Image& image, const TaskInfo& info) {
  constexpr std::int64_t kMaxRatio = 100;
  const std::int64_t w = image.width + 2 * info.pad, h = image.height + 2 * info.pad;
  require(std::max(w, h) / std::min(w, h) < kMaxRatio,
          "a picture of {}x{} pixels is too narrow: {} times as long as wide or more", image.width, image.height,
          kMaxRatio);
}

Image fit_image(const Image& image, const TaskInfo& info) {
  check_shape(image, info);
  int width = static_cast<int>(info.width), height = static_cast<int>(info.height);
  Image converted = convert_channels(image, static_cast<int>(info.channels));
  if (info.pad > 0) converted = pad_image(converted, static_cast<int>(info.pad));
  int w = converted.width, h = converted.height;
  // At least so large that the cut fits in; otherwise as `resize` says, the longer side cut to whole pixels as
  // torchvision does.
  double cover = std::max(static_cast<double>(width) / w, static_cast<double>(height) / h);
  double scale = std::max(cover, info.resize > 0 ? static_cast<double>(info.resize) / std::min(w, h) : 0.0);
  auto scaled = [&](int side, int least) { return std::max(least, static_cast<int>(side * scale + 1e-9)); };
  Interpolation interpolation = info.interpolation == "bicubic" ? Interpolation::bicubic : Interpolation::bilinear;
  converted = resize_image(converted, scaled(w, width), scaled(h, height), interpolation);
  return crop_image(converted, static_cast<int>(std::nearbyint((converted.width - width) / 2.0)),
                    static_cast<int>(std::nearbyint((converted.height - height) / 2.0)), width, height);
}

void normalize_image(const Image& fitted, const TaskInfo& info, float* out) {
  FRUGAL_ASSERT(fitted.width == info.width && fitted.height == info.height && fitted.channels == info.channels);
  std::size_t plane = static_cast<std::size_t>(fitted.width) * fitted.height,
              channels = static_cast<std::size_t>(fitted.channels);
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < plane; ++i)
      out[c * plane + i] = (static_cast<float>(fitted.pixels[i * channels + c]) / 255.0f - info.mean[c]) / info.std[c];
}

Tensor prepare_images(std::span<const Image> images, const TaskInfo& info) {
  Tensor batch(DType::f32, {static_cast<std::int64_t>(images.size()), info.channels, info.height, info.width});
  std::int64_t size = info.channels * info.height * info.width;
  for (std::size_t i = 0; i < images.size(); ++i)
    normalize_image(fit_image(images[i], info), info, batch.data<float>() + static_cast<std::int64_t>(i) * size);
  return batch;
}

}  // namespace frugal
