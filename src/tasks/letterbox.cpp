#include "tasks/letterbox.h"

#include <algorithm>
#include <array>
#include <bit>
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

// Scales pictures row by row. Keeps what depends on the sizes alone.
class Scaler {
 public:
  // `row(y, bytes)` gets each row of width * channels bytes of the scaled picture.
  template <typename Row>
  void run(const Image& image, int width, int height, Row&& row) {
    fit(image, width, height);
    const std::size_t in_row = static_cast<std::size_t>(image.width) * channels_;
    std::size_t weight = 0;
    for (std::size_t y = 0; y < down_.first.size(); ++y) {
      const auto first = static_cast<std::size_t>(down_.first[y]), count = static_cast<std::size_t>(down_.count[y]);
      mix_rows(&image.pixels[first * in_row], in_row, &down_.weight[weight], count);
      weight += count;
      channels_ == 3 ? across_row<3>() : across_row<1>();
      row(static_cast<int>(y), out_row_.data());
    }
  }

 private:
  void fit(const Image& image, int width, int height) {
    if (image.width == in_width_ && image.height == in_height_ && width == width_ && height == height_ &&
        image.channels == static_cast<int>(channels_))
      return;
    auto taps = [](int in, int out) { return out < in ? area_taps(in, out) : linear_taps(in, out); };
    in_width_ = image.width, in_height_ = image.height, width_ = width, height_ = height;
    channels_ = static_cast<std::size_t>(image.channels);
    across_ = taps(image.width, width);
    down_ = taps(image.height, height);
    mixed_.assign(static_cast<std::size_t>(image.width) * channels_ + kLanes, 0);
    out_row_.resize(static_cast<std::size_t>(width) * channels_ + kLanes);
  }

  // The weighted sum of rows of bytes.
  void mix_rows(const std::uint8_t* rows, std::size_t length, const float* weights, std::size_t count) {
    float* to = mixed_.data();
    for (std::size_t k = 0; k < count; ++k) {
      const std::uint8_t* from = rows + k * length;
      const float w = weights[k];
      if (k == 0)
        for (std::size_t x = 0; x < length; ++x) to[x] = w * static_cast<float>(from[x]);
      else
        for (std::size_t x = 0; x < length; ++x) to[x] += w * static_cast<float>(from[x]);
    }
  }

  // The weighted sums along the row, as bytes. Four numbers at a time, of which `channels` count.
  template <std::size_t channels>
  void across_row() {
    const float* weight = across_.weight.data();
    std::uint8_t* to = out_row_.data();
    for (std::size_t x = 0; x < across_.first.size(); ++x) {
      const float* from = &mixed_[static_cast<std::size_t>(across_.first[x]) * channels];
      float sum[kLanes] = {};
      for (int k = 0; k < across_.count[x]; ++k, ++weight, from += channels)
        for (std::size_t c = 0; c < kLanes; ++c) sum[c] += *weight * from[c];
      // To the nearest whole number, a half to the even one: what is added leaves no bits for fractions.
      for (std::size_t c = 0; c < channels; ++c)
        *to++ = static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(std::min(sum[c], 255.0f) + 12'582'912.0f));
    }
  }

  static constexpr std::size_t kLanes = 4;
  int in_width_ = 0, in_height_ = 0, width_ = 0, height_ = 0;
  std::size_t channels_ = 3;
  Taps across_, down_;
  std::vector<float> mixed_;
  std::vector<std::uint8_t> out_row_;
};

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
  Image out(width, height, image.channels);
  const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(image.channels);
  Scaler().run(image, width, height, [&](int y, const std::uint8_t* bytes) {
    std::copy_n(bytes, row, &out.pixels[static_cast<std::size_t>(y) * row]);
  });
  return out;
}

struct DetectionInput::Impl {
  explicit Impl(const TaskInfo& i) : info(i), input(DType::f32, {1, i.channels, i.height, i.width}) {
    require(info.channels == 1 || info.channels == 3, "a picture has 1 or 3 channels; the network wants {}",
            info.channels);
    for (std::size_t c = 0; c < static_cast<std::size_t>(info.channels); ++c)
      for (std::size_t v = 0; v < 256; ++v)
        numbers[c][v] = (static_cast<float>(v) / 255.0f - info.mean[c]) / info.std[c];
  }

  float* plane(std::int64_t c) { return input.data<float>() + c * info.height * info.width; }

  void surround(const PicturePlacement& p) {
    if (p.left == at.left && p.top == at.top && p.width == at.width && p.height == at.height) return;
    at = p;
    for (std::int64_t c = 0; c < info.channels; ++c)
      std::fill_n(plane(c), info.height * info.width,
                  numbers[static_cast<std::size_t>(c)][static_cast<std::size_t>(info.fill)]);
  }

  TaskInfo info;
  Tensor input;
  std::array<std::array<float, 256>, 3> numbers{};  // of each byte of a channel
  PicturePlacement at{};                            // of the last picture
  Scaler scaler{};
};

DetectionInput::DetectionInput(const TaskInfo& info) : impl_(std::make_unique<Impl>(info)) {}
DetectionInput::~DetectionInput() = default;

const Tensor& DetectionInput::prepare(const Image& image, const PicturePlacement& placement) {
  Impl& m = *impl_;
  if (image.channels != m.info.channels)
    return prepare(convert_channels(image, static_cast<int>(m.info.channels)), placement);
  m.surround(placement);
  const auto channels = static_cast<std::size_t>(m.info.channels);
  m.scaler.run(image, placement.width, placement.height, [&](int y, const std::uint8_t* bytes) {
    const std::int64_t begin = (placement.top + y) * m.info.width + placement.left;
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t of = m.info.bgr && channels == 3 ? 2 - c : c;  // the picture's channel
      const std::array<float, 256>& numbers = m.numbers[c];
      float* to = m.plane(static_cast<std::int64_t>(c)) + begin;
      for (int x = 0; x < placement.width; ++x) to[x] = numbers[bytes[static_cast<std::size_t>(x) * channels + of]];
    }
  });
  return m.input;
}

Tensor prepare_detection(const Image& image, const TaskInfo& info, const PicturePlacement& placement) {
  return DetectionInput(info).prepare(image, placement);
}

Tensor prepare_detections(std::span<const Image> images, const TaskInfo& info) {
  Tensor batch(DType::f32, {static_cast<std::int64_t>(images.size()), info.channels, info.height, info.width});
  DetectionInput input(info);
  float* to = batch.data<float>();
  for (const Image& image : images) {
    const Tensor& one = input.prepare(image, place_picture(image.width, image.height, info));
    to = std::copy_n(one.data<float>(), one.numel(), to);
  }
  return batch;
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
