#include "train/augment.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace frugal {

Augmenter::Augmenter(const Recipe::Augment& options, std::int64_t channels, std::int64_t height, std::int64_t width,
                     bool training)
    : options_(options), channels_(channels), height_(height), width_(width) {
  auto per_channel = [&](const std::vector<double>& given, float fallback, const char* what) {
    auto count = static_cast<std::size_t>(channels);
    if (!given.empty() && given.size() != 1 && given.size() != count)
      fail_usage("augment.{} has {} numbers, but the pictures have {} channels", what, given.size(), channels);
    std::vector<float> out(count, fallback);
    for (std::size_t c = 0; c < count && !given.empty(); ++c)
      out[c] = static_cast<float>(given[given.size() == 1 ? 0 : c]);
    return out;
  };
  mean_ = per_channel(options.mean, 0, "mean");
  std_ = per_channel(options.std, 1, "std");
  table_.resize(static_cast<std::size_t>(channels));
  for (std::size_t c = 0; c < table_.size(); ++c)
    for (std::size_t v = 0; v < 256; ++v) table_[c][v] = (static_cast<float>(v) / 255.0f - mean_[c]) / std_[c];
  if (!training) options_ = {};
}

void Augmenter::apply(const std::uint8_t* pixels, float* out, RandomStream random) const {
  std::int64_t dx = 0, dy = 0;
  if (options_.crop > 0) {
    auto range = static_cast<std::uint32_t>(2 * options_.crop + 1);
    dy = static_cast<std::int64_t>(random.below(range)) - options_.crop;
    dx = static_cast<std::int64_t>(random.below(range)) - options_.crop;
  }
  const bool flip = options_.flip && random.below(2) == 1;
  const std::int64_t first = std::clamp<std::int64_t>(-dx, 0, width_),
                     last = std::clamp<std::int64_t>(width_ - dx, 0, width_);
  for (std::int64_t c = 0; c < channels_; ++c) {
    const auto& table = table_[static_cast<std::size_t>(c)];
    for (std::int64_t y = 0; y < height_; ++y) {
      float* row = out + (c * height_ + y) * width_;
      const std::int64_t sy = y + dy;
      if (sy < 0 || sy >= height_) {
        std::fill(row, row + width_, table[0]);
        continue;
      }
      const std::uint8_t* from = pixels + (c * height_ + sy) * width_;
      std::fill(row, row + first, table[0]);
      for (std::int64_t x = first; x < last; ++x) row[x] = table[from[x + dx]];
      std::fill(row + last, row + width_, table[0]);
      if (flip) std::reverse(row, row + width_);
    }
  }
  if (options_.cutout > 0) {  // the centre lies anywhere in the picture, so the square may be cut by the border
    std::int64_t top =
        static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(height_))) - options_.cutout / 2;
    std::int64_t left =
        static_cast<std::int64_t>(random.below(static_cast<std::uint32_t>(width_))) - options_.cutout / 2;
    std::int64_t y0 = std::max<std::int64_t>(top, 0), y1 = std::min(top + options_.cutout, height_);
    std::int64_t x0 = std::max<std::int64_t>(left, 0), x1 = std::min(left + options_.cutout, width_);
    for (std::int64_t c = 0; c < channels_; ++c)
      for (std::int64_t y = y0; y < y1; ++y)
        if (x0 < x1) std::fill(out + (c * height_ + y) * width_ + x0, out + (c * height_ + y) * width_ + x1, 0.0f);
  }
}

namespace {

double sample_gamma(double shape, RandomStream& random) {
  if (shape < 1)
    return sample_gamma(shape + 1, random) * std::pow(1 - static_cast<double>(random.uniform()), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x = random.normal(), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    double u = 1 - static_cast<double>(random.uniform());
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace

double sample_beta(double alpha, RandomStream& random) {
  double a = sample_gamma(alpha, random), b = sample_gamma(alpha, random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

}  // namespace frugal
