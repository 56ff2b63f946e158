#include "tasks/letterbox.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/thread_pool.h"
#include "formats/scaler.h"
#include "frugal/prepare.h"

namespace frugal {
namespace {

// round() of Python, which the official code uses: a half goes to the even number.
int round_even(double v) { return static_cast<int>(std::nearbyint(v)); }

constexpr std::int64_t kGrain = 16;  // rows that are worth a thread

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

Image scale_picture(const Image& image, int width, int height) { return Scaler(area_taps).scale(image, width, height); }

struct DetectionInput::Impl {
  Impl(const TaskInfo& i, std::shared_ptr<ThreadPool> threads)
      : info(i),
        input(DType::f32, {1, i.channels, i.height, i.width}),
        pool(threads ? std::move(threads) : std::make_shared<ThreadPool>(1)),
        scaler(area_taps, pool->threads()) {
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

  // Rows begin ... end - 1 of a scaled picture.
  void rows(const Image& image, std::int64_t begin, std::int64_t end, int worker) {
    const auto channels = static_cast<std::size_t>(info.channels);
    for (std::int64_t y = begin; y < end; ++y) {
      const std::uint8_t* bytes = scaler.row(image, static_cast<int>(y), worker);
      for (std::size_t c = 0; c < channels; ++c) {
        const std::size_t of = info.bgr && channels == 3 ? 2 - c : c;  // the picture's channel
        const std::array<float, 256>& numbers_of = numbers[c];
        float* to = plane(static_cast<std::int64_t>(c)) + (at.top + y) * info.width + at.left;
        for (int x = 0; x < at.width; ++x) to[x] = numbers_of[bytes[static_cast<std::size_t>(x) * channels + of]];
      }
    }
  }

  TaskInfo info;
  Tensor input;
  std::array<std::array<float, 256>, 3> numbers{};  // of each byte of a channel
  PicturePlacement at{};                            // of the last picture
  std::shared_ptr<ThreadPool> pool;
  Scaler scaler;
};

DetectionInput::DetectionInput(const TaskInfo& info, std::shared_ptr<ThreadPool> pool)
    : impl_(std::make_unique<Impl>(info, std::move(pool))) {}
DetectionInput::~DetectionInput() = default;

const Tensor& DetectionInput::prepare(const Image& image, const PicturePlacement& placement) {
  Impl& m = *impl_;
  if (image.channels != m.info.channels)
    return prepare(convert_channels(image, static_cast<int>(m.info.channels)), placement);
  m.surround(placement);
  m.scaler.fit(image, placement.width, placement.height);
  m.pool->parallel_for(placement.height, kGrain,
                       [&](std::int64_t begin, std::int64_t end, int worker) { m.rows(image, begin, end, worker); });
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
