#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/progress.h"
#include "frugal/session.h"
#include "methods/measure.h"
#include "methods/ptq/ptq.h"

namespace frugal {
namespace {

constexpr int kBins = 2048;

struct Seen {
  float low = 0, high = 0;                 // zero always belongs to the range
  std::vector<std::int64_t> counts{};      // over [low, high]
  std::vector<std::int64_t> magnitudes{};  // over [0, max(-low, high)]
  float magnitude() const { return std::max(-low, high); }
};

template <typename F>
void each_tap(Session& session, std::size_t own_outputs, const std::vector<std::vector<Tensor>>& batches, F f) {
  Progress progress("calibrate", static_cast<std::int64_t>(batches.size()));
  std::vector<Tensor> outputs;
  for (const std::vector<Tensor>& batch : batches) {
    session.run(batch, outputs);
    for (std::size_t i = own_outputs; i < outputs.size(); ++i) f(i - own_outputs, outputs[i]);
    progress.advance();
  }
}

std::size_t bin(float v, float low, float high) {
  if (!(high > low)) return 0;
  const float at = (v - low) / (high - low) * kBins;
  return static_cast<std::size_t>(std::clamp(at, 0.0f, static_cast<float>(kBins - 1)));
}

ByteRange to_bytes(float low, float high) {
  low = std::min(low, 0.0f), high = std::max(high, 0.0f);
  ByteRange out;
  if (!(high > low)) return out;
  out.scale = (high - low) / 255;
  out.zero = static_cast<int>(std::clamp(std::nearbyint(-low / out.scale), 0.0f, 255.0f));
  return out;
}

// Finds the zero point of rows that have scales of their own (quantize_rows): the one of which the steps are least, in
// squares relative to those of the best zero point of each row, over all rows seen.
class RowZero {
 public:
  void add(const float* row, std::int64_t n) {
    const auto [low, high] = std::minmax_element(row, row + n);
    const float below = std::max(-*low, 0.0f), above = std::max(*high, 0.0f), least = (below + above) / 255;
    negative_ = negative_ || below > 0;
    if (least == 0) return;
    for (int zero = 1; zero < 256; ++zero) {
      const float step = std::max(zero < 255  ? above / static_cast<float>(255 - zero)
                                  : above > 0 ? 1e9f * least
                                              : 0,
                                  below / static_cast<float>(zero));
      cost_[static_cast<std::size_t>(zero)] += static_cast<double>(step / least) * static_cast<double>(step / least);
    }
  }
  int best() const {
    if (!negative_) return 0;
    return static_cast<int>(std::min_element(cost_.begin() + 1, cost_.end()) - cost_.begin());
  }

 private:
  std::array<double, 256> cost_{};
  bool negative_ = false;
};

}  // namespace

std::pair<float, float> percentile_range(const std::vector<std::int64_t>& counts, float low, float high,
                                         double percentile) {
  std::int64_t total = 0;
  for (std::int64_t c : counts) total += c;
  const double outside = static_cast<double>(total) * (1 - percentile / 100);
  const float width = (high - low) / static_cast<float>(counts.size());
  std::size_t first = 0, last = counts.size();
  for (std::int64_t cut = 0; first < last && static_cast<double>(cut += counts[first]) <= outside;) ++first;
  for (std::int64_t cut = 0; last > first && static_cast<double>(cut += counts[last - 1]) <= outside;) --last;
  return {low + width * static_cast<float>(first),
          last == counts.size() ? high : low + width * static_cast<float>(last)};
}

float entropy_threshold(const std::vector<std::int64_t>& counts, float high) {
  constexpr std::size_t kLevels = 128;
  const std::size_t bins = counts.size();
  if (bins <= kLevels) return high;
  double best = -1;
  std::size_t best_at = bins;
  for (std::size_t n = kLevels; n <= bins; n += 8) {
    std::vector<double> p(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(n)), q(n);
    double outliers = 0, total = 0;
    for (std::size_t i = n; i < bins; ++i) outliers += static_cast<double>(counts[i]);
    for (std::size_t level = 0; level < kLevels; ++level) {
      const std::size_t begin = level * n / kLevels, end = (level + 1) * n / kLevels;
      double sum = 0, filled = 0;
      for (std::size_t i = begin; i < end; ++i) sum += p[i], filled += p[i] > 0 ? 1 : 0;
      for (std::size_t i = begin; i < end; ++i) q[i] = p[i] > 0 ? sum / filled : 0;
    }
    p[n - 1] += outliers;
    double q_total = 0, divergence = 0;
    for (std::size_t i = 0; i < n; ++i) total += p[i], q_total += q[i];
    if (total == 0 || q_total == 0) return high;
    for (std::size_t i = 0; i < n; ++i)
      if (p[i] > 0) divergence += p[i] / total * std::log((p[i] / total) / std::max(q[i] / q_total, 1e-12));
    if (best < 0 || divergence < best) best = divergence, best_at = n;
  }
  return high * static_cast<float>(best_at) / static_cast<float>(bins);
}

std::map<ValueId, ByteRange> calibrate(const Model& folded, const PtqPlan& plan,
                                       const std::vector<std::vector<Tensor>>& batches, const PtqSettings& settings) {
  require(!batches.empty(), "calibration needs at least one sample");
  std::vector<Seen> seen(plan.values.size());
  std::vector<RowZero> rows(plan.values.size());
  Session session(with_taps(folded, plan.values), {.threads = settings.threads});
  const std::size_t own = folded.graph.outputs().size();
  each_tap(session, own, batches, [&](std::size_t i, const Tensor& t) {
    if (plan.rows.contains(plan.values[i]) && t.numel() > 0)
      for (std::int64_t at = 0, n = t.dim(-1); at < t.numel(); at += n) rows[i].add(t.data<float>() + at, n);
    for (std::int64_t k = 0; k < t.numel(); ++k) {
      const float v = t.data<float>()[k];
      if (!std::isfinite(v))
        fail("the value '{}' is not finite on the calibration data", folded.graph.value(plan.values[i]).name);
      seen[i].low = std::min(seen[i].low, v);
      seen[i].high = std::max(seen[i].high, v);
    }
  });
  if (settings.calibration != Calibration::minmax) {
    for (Seen& s : seen) s.counts.resize(kBins), s.magnitudes.resize(kBins);
    each_tap(session, own, batches, [&](std::size_t i, const Tensor& t) {
      Seen& s = seen[i];
      for (std::int64_t k = 0; k < t.numel(); ++k) {
        const float v = t.data<float>()[k];
        ++s.counts[bin(v, s.low, s.high)];
        if (v != 0) ++s.magnitudes[bin(std::abs(v), 0, s.magnitude())];
      }
    });
  }
  std::map<ValueId, ByteRange> out;
  std::map<ValueId, std::pair<float, float>> ranges;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    float low = seen[i].low, high = seen[i].high;
    if (settings.calibration == Calibration::percentile)
      std::tie(low, high) = percentile_range(seen[i].counts, low, high, settings.percentile);
    if (settings.calibration == Calibration::entropy) {
      const float t = entropy_threshold(seen[i].magnitudes, seen[i].magnitude());
      low = std::max(low, -t), high = std::min(high, t);
    }
    ranges[plan.values[i]] = {std::min(low, 0.0f), std::max(high, 0.0f)};
    out[plan.values[i]] = to_bytes(low, high);
    if (plan.rows.contains(plan.values[i])) out[plan.values[i]].zero = rows[i].best();
  }
  // Parts of a concat share the zero point, the largest of theirs, and widen their scales to fit.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [whole, parts] : plan.parts) {
      int zero = 0;
      for (ValueId p : parts) zero = std::max(zero, out.at(p).zero);
      for (ValueId p : parts) {
        if (out.at(p).zero == zero) continue;
        const auto [low, high] = ranges.at(p);
        out.at(p) = {
            std::max({zero < 255 ? high / static_cast<float>(255 - zero) : 0, -low / static_cast<float>(zero), 1e-12f}),
            zero};
        changed = true;
      }
    }
  }
  return out;
}

}  // namespace frugal
