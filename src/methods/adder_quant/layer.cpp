#include "methods/adder_quant/layer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "methods/adder_quant/groups.h"

namespace frugal {
namespace {

struct Row {
  const float* begin;
  const float* end;
};

Row row_of(const Tensor& weight, std::size_t t) {
  const std::int64_t inner = weight.numel() / std::max<std::int64_t>(1, weight.dim(0));
  const float* begin = weight.data<float>() + static_cast<std::int64_t>(t) * inner;
  return {begin, begin + inner};
}

// How far a kernel reaches: the largest |w|, by which the paper groups. Where weights are clamped to [0, A], no more
// of it than is left of them.
float reach(const Row& row, const InputRange& input, const AdderGridSettings& settings) {
  float most = 0;
  const bool above0 = settings.clamp == WeightClamp::above0 && !input.negative;
  for (const float* w = row.begin; w < row.end; ++w) most = std::max(most, above0 ? *w : std::abs(*w));
  return above0 ? std::min(most, input.magnitude) : most;
}

// Groups of one range are one group; they are numbered from the smallest range.
AdderScales merged(const AdderScales& scales) {
  std::map<float, int> numbers;
  for (float range : scales.range) numbers.emplace(range, 0);
  AdderScales out;
  for (auto& [range, number] : numbers) {
    number = static_cast<int>(out.range.size());
    out.range.push_back(range);
  }
  for (int g : scales.group) out.group.push_back(numbers.at(scales.range[static_cast<std::size_t>(g)]));
  return out;
}

// The power of two nearest to a step.
float power_of_two(float step) { return std::exp2(std::nearbyint(std::log2(step))); }

float step_of(float range, int bits, int zero, const AdderGridSettings& settings) {
  const float step = range / static_cast<float>((1 << bits) - 1 - zero);
  return settings.shared ? power_of_two(step) : step;
}

}  // namespace

int AdderGrid::weight_bits() const { return doubled ? std::max(1, bits - 1) : bits; }

void fit_ranges(const Tensor& weight, const InputRange& input, const AdderGridSettings& settings, AdderScales& scales) {
  const float least = 1e-3f;  // of a layer of zeros
  // The sums that restore cut activations know one side only, so a signed grid covers its whole input.
  const bool by_input = settings.shared ? !settings.by_weight : input.negative, by_weight = settings.shared;
  std::ranges::fill(scales.range, least);
  for (std::size_t t = 0; t < scales.group.size(); ++t) {
    const float far = reach(row_of(weight, t), input, settings);
    float& range = scales.range[static_cast<std::size_t>(scales.group[t])];
    range = std::max(range, by_input ? input.magnitude : by_weight ? far : std::min(far, input.magnitude));
  }
}

AdderScales choose_scales(const Tensor& weight, const InputRange& input, const AdderGridSettings& settings) {
  const auto kernels = static_cast<std::size_t>(weight.dim(0));
  AdderScales scales{std::vector<int>(kernels, 0), {}};
  if (!settings.shared && !input.negative) {
    std::vector<float> reaches;
    for (std::size_t t = 0; t < kernels; ++t) reaches.push_back(reach(row_of(weight, t), input, settings));
    switch (settings.clustering) {
      case Clustering::exact: scales.group = group_exact(reaches, settings.groups, settings.align); break;
      case Clustering::noise: scales.group = group_by_noise(reaches, settings.groups, settings.align); break;
      case Clustering::kmeans:
        scales.group = group_kmeans(reaches, settings.groups, settings.align, settings.seed);
        break;
    }
  }
  const int most = kernels ? *std::ranges::max_element(scales.group) : 0;
  scales.range.resize(static_cast<std::size_t>(most) + 1);
  fit_ranges(weight, input, settings, scales);
  return merged(scales);
}

AdderGrid adder_grid(const InputRange& input, const AdderScales& scales, const AdderGridSettings& settings) {
  AdderGrid out;
  out.bits = settings.bits;
  out.zero = input.negative ? 1 << (settings.bits - 1) : 0;
  out.doubled = !input.negative && settings.clamp != WeightClamp::above0;
  out.restore = settings.restore && !input.negative && !settings.shared;
  out.limit = settings.limit ? input.magnitude : 0;
  for (float range : scales.range) out.step.push_back(step_of(range, out.bits, out.zero, settings));
  return out;
}

AdderGrid quantize_adder(const Tensor& weight, const Tensor& bias, const InputRange& input, const AdderScales& scales,
                         const AdderGridSettings& settings) {
  AdderGrid out = adder_grid(input, scales, settings);
  const int half = 1 << (out.bits - 1), most = (1 << out.bits) - 1;
  std::int64_t outside = 0;
  for (std::size_t t = 0; t < scales.group.size(); ++t) {
    const auto g = static_cast<std::size_t>(scales.group[t]);
    const float step = out.step[g], inverse = 1.0f / (out.doubled ? 2 * step : step), high = scales.range[g];
    double shift = bias.defined() ? bias.data<float>()[t] : 0;
    const Row row = row_of(weight, t);
    for (const float* w = row.begin; w < row.end; ++w) {
      const float kept = std::clamp(*w, out.lowest(high), high);
      outside += kept != *w;
      if (settings.clamp != WeightClamp::lost) shift -= std::abs(static_cast<double>(*w) - kept);
      const int steps = static_cast<int>(std::nearbyint(std::clamp(kept * inverse, -1024.0f, 1024.0f)));
      if (out.doubled) {
        const int number = std::clamp(steps, -half, half - 1);
        if (number < 0) shift += 2.0 * number * step;  // |a - 2n| = a + 2 |n|
        out.numbers.push_back(static_cast<std::uint8_t>(std::max(number, 0)));
      } else {
        out.numbers.push_back(static_cast<std::uint8_t>(std::clamp(steps + out.zero, 0, most)));
      }
    }
    out.bias.push_back(static_cast<float>(shift));
  }
  out.cut = static_cast<double>(outside) / static_cast<double>(std::max<std::int64_t>(1, weight.numel()));
  return out;
}

}  // namespace frugal
