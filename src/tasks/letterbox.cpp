#include "tasks/letterbox.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "frugal/prepare.h"

namespace frugal {
namespace {

// Which pixels an output pixel takes, and how much of each.
struct Taps {
  std::vector<int> first, count;
  std::vector<float> weight;
};

Taps area_taps(int in, int out) {
  Taps taps;
  const double scale = static_cast<double>(in) / out;
  for (int i = 0; i < out; ++i) {
    const double begin = i * scale, end = std::min<double>((i + 1) * scale, in);
    const int first = static_cast<int>(begin), last = std::min(in, static_cast<int>(std::ceil(end - 1e-9)));
    taps.first.push_back(first);
    taps.count.push_back(last - first);
    for (int p = first; p < last; ++p)
      taps.weight.push_back(
          static_cast<float>((std::min<double>(end, p + 1) - std::max<double>(begin, p)) / (end - begin)));
  }
  return taps;
}

Taps linear_taps(int in, int out) {
  Taps taps;
  const double scale = static_cast<double>(in) / out;
  for (int i = 0; i < out; ++i) {
    const double at = std::clamp((i + 0.5) * scale - 0.5, 0.0, static_cast<double>(in - 1));
    const int first = std::min(static_cast<int>(at), std::max(0, in - 2));
    taps.first.push_back(first);
    taps.count.push_back(in == 1 ? 1 : 2);
    const auto share = static_cast<float>(at - first);
    taps.weight.push_back(in == 1 ? 1 : 1 - share);
    if (in > 1) taps.weight.push_back(share);
  }
  return taps;
}

// Rows of `length` numbers are weighted sums of rows of `from`.
std::vector<float> resample_rows(const std::vector<float>& from, std::size_t length, const Taps& taps) {
  std::vector<float> out(taps.first.size() * length);
  std::size_t weight = 0;
  for (std::size_t y = 0; y < taps.first.size(); ++y)
    for (int k = 0; k < taps.count[y]; ++k, ++weight) {
      const float w = taps.weight[weight];
      const float* row = &from[static_cast<std::size_t>(taps.first[y] + k) * length];
      float* to = &out[y * length];
      for (std::size_t x = 0; x < length; ++x) to[x] += w * row[x];
    }
  return out;
}

// round() of Python, which the official code uses: a half goes to the even number.
int round_even(double v) { return static_cast<int>(std::nearbyint(v)); }

}  // namespace

PicturePlacement place_picture(int width, int height, const TaskInfo& info) {
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  const auto in_w = static_cast<double>(info.width), in_h = static_cast<double>(info.height);
  PicturePlacement p;
  if (info.fit == "stretch") {
    p.width = static_cast<int>(info.width);
    p.height = static_cast<int>(info.height);
  } else {
    const double side = std::max(in_w, in_h), load = info.load > 0 ? static_cast<double>(info.load) : side;
    const double r = std::min(load * (in_w / side) / w, load * (in_h / side) / h);
    p.width = std::max(1, static_cast<int>(w * r));
    p.height = std::max(1, static_cast<int>(h * r));
    const double fit = std::min({in_w / p.width, in_h / p.height, 1.0});
    p.width = std::max(1, round_even(p.width * fit));
    p.height = std::max(1, round_even(p.height * fit));
    p.left = round_even((in_w - p.width) / 2 - 0.1);
    p.top = round_even((in_h - p.height) / 2 - 0.1);
  }
  p.gain_x = p.width / w;
  p.gain_y = p.height / h;
  return p;
}

Image scale_picture(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  const auto channels = static_cast<std::size_t>(image.channels);
  auto taps = [](int in, int out) { return out < in ? area_taps(in, out) : linear_taps(in, out); };
  const Taps across = taps(image.width, width);
  // Rows first, each number for itself; then columns.
  std::vector<float> from(image.pixels.begin(), image.pixels.end());
  from = resample_rows(from, static_cast<std::size_t>(image.width) * channels, taps(image.height, height));
  Image out(width, height, image.channels);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    const float* row = &from[y * static_cast<std::size_t>(image.width) * channels];
    std::size_t weight = 0;
    for (std::size_t x = 0; x < static_cast<std::size_t>(width); ++x) {
      const auto first = static_cast<std::size_t>(across.first[x]), count = static_cast<std::size_t>(across.count[x]);
      for (std::size_t c = 0; c < channels; ++c) {
        float sum = 0;
        for (std::size_t k = 0; k < count; ++k) sum += across.weight[weight + k] * row[(first + k) * channels + c];
        out.pixels[(y * static_cast<std::size_t>(width) + x) * channels + c] =
            static_cast<std::uint8_t>(std::clamp(std::nearbyint(sum), 0.0f, 255.0f));
      }
      weight += count;
    }
  }
  return out;
}

Tensor prepare_detection(const Image& image, const TaskInfo& info, const PicturePlacement& placement) {
  const Image scaled =
      scale_picture(convert_channels(image, static_cast<int>(info.channels)), placement.width, placement.height);
  Image input(static_cast<int>(info.width), static_cast<int>(info.height), static_cast<int>(info.channels),
              static_cast<std::uint8_t>(info.fill));
  const std::size_t row = static_cast<std::size_t>(scaled.width) * static_cast<std::size_t>(scaled.channels);
  for (int y = 0; y < scaled.height; ++y)
    std::copy_n(&scaled.pixels[static_cast<std::size_t>(y) * row], row,
                &input.pixels[(static_cast<std::size_t>(placement.top + y) * static_cast<std::size_t>(input.width) +
                               static_cast<std::size_t>(placement.left)) *
                              static_cast<std::size_t>(input.channels)]);
  if (info.bgr && input.channels == 3)
    for (std::size_t i = 0; i < input.pixels.size(); i += 3) std::swap(input.pixels[i], input.pixels[i + 2]);
  Tensor out(DType::f32, {1, info.channels, info.height, info.width});
  normalize_image(input, info, out.data<float>());
  return out;
}

Box box_on_picture(const std::array<float, 4>& box, const PicturePlacement& p, int width, int height) {
  auto on = [](double v, double before, double gain, int size) {
    return std::clamp((v - before) / gain, 0.0, static_cast<double>(size));
  };
  const double half_w = box[2] / 2.0, half_h = box[3] / 2.0;
  const double left = on(box[0] - half_w, p.left, p.gain_x, width), top = on(box[1] - half_h, p.top, p.gain_y, height);
  return {left, top, on(box[0] + half_w, p.left, p.gain_x, width) - left,
          on(box[1] + half_h, p.top, p.gain_y, height) - top};
}

}  // namespace frugal
