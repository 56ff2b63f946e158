// Pictures on their way into a batch: uint8 planes in, normalised float planes out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "train/recipe.h"

namespace frugal {

class Augmenter {
 public:
  // `training` false: only the normalisation. Error where mean or std do not have one number a channel.
  Augmenter(const Recipe::Augment& options, std::int64_t channels, std::int64_t height, std::int64_t width,
            bool training);

  // pixels: uint8 [channels, height, width]; out: float of the same shape. Everything random comes from `random`.
  void apply(const std::uint8_t* pixels, float* out, RandomStream random) const;

  const std::vector<float>& mean() const { return mean_; }
  const std::vector<float>& std() const { return std_; }

 private:
  Recipe::Augment options_;
  std::int64_t channels_, height_, width_;
  std::vector<float> mean_, std_;
  std::vector<std::array<float, 256>> table_;  // a channel: byte -> normalised value
};

// Beta(alpha, alpha), from two gamma variates (Marsaglia and Tsang 2000).
double sample_beta(double alpha, RandomStream& random);

}  // namespace frugal
