#include "language/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/random.h"
#include "kernels/kernels.h"

namespace frugal {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool likelier(const Sampler::Candidate& a, const Sampler::Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

// Moves the most likely candidates to the front until `enough(candidate, count)`, and drops the rest.
template <typename Enough>
void keep_likely(std::vector<Sampler::Candidate>& candidates, Enough enough) {
  auto less = [](const Sampler::Candidate& a, const Sampler::Candidate& b) { return likelier(b, a); };
  std::make_heap(candidates.begin(), candidates.end(), less);
  std::vector<Sampler::Candidate> kept;
  while (!candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end(), less);
    kept.push_back(candidates.back());
    candidates.pop_back();
    if (enough(kept.back(), kept.size())) break;
  }
  candidates = std::move(kept);
}

}  // namespace

std::int32_t likeliest(std::span<const float> logits) {
  constexpr std::size_t kBlock = 1024;  // the best block is searched again
  const KernelTable& table = active_kernels();
  std::size_t from = 0;
  float best = -std::numeric_limits<float>::infinity();
  for (std::size_t at = 0; at < logits.size(); at += kBlock) {
    const std::span<const float> block = logits.subspan(at, std::min(kBlock, logits.size() - at));
    const float most = table.reduce(Reduce::max, std::ssize(block), block.data());
    if (!(most > best)) continue;  // NaN is no logit
    best = most;
    from = at;
  }
  const auto block = logits.subspan(from, std::min(kBlock, logits.size() - from));
  const auto found = std::find(block.begin(), block.end(), best);
  return static_cast<std::int32_t>(from + (found == block.end() ? 0 : static_cast<std::size_t>(found - block.begin())));
}

void check(const SamplingOptions& o) {
  auto within = [](const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high))
      fail_usage("the option {} is {}; it must lie between {} and {}", name, value, low, high);
  };
  within("temperature", o.temperature, 0, 100);
  within("top-k", o.top_k, 0, std::numeric_limits<int>::max());
  within("top-p", o.top_p, 0, 1);
  within("min-p", o.min_p, 0, 1);
  within("repetition-penalty", o.repetition_penalty, 0.01, 100);
  within("frequency-penalty", o.frequency_penalty, -100, 100);
  within("presence-penalty", o.presence_penalty, -100, 100);
  within("penalty-window", o.penalty_window, 0, std::numeric_limits<int>::max());
}

Sampler::Sampler(SamplingOptions options, std::int64_t vocabulary) : options_(std::move(options)) {
  check(options_);
  for (const auto& [token, bias] : options_.logit_bias)
    if (token < 0 || token >= vocabulary)
      fail_usage("logit-bias names token {}; the vocabulary has 0 to {}", token, vocabulary - 1);
}

void Sampler::shape(std::span<float> logits, std::span<const std::int32_t> history, TokenMask allowed) const {
  const SamplingOptions& o = options_;
  if (o.repetition_penalty != 1 || o.frequency_penalty != 0 || o.presence_penalty != 0) {
    std::map<std::int32_t, int> counts;
    const auto window = std::min<std::size_t>(history.size(), static_cast<std::size_t>(o.penalty_window));
    for (std::int32_t token : history.last(window)) ++counts[token];
    for (const auto& [token, count] : counts) {
      float& logit = logits[static_cast<std::size_t>(token)];
      logit = static_cast<float>(logit > 0 ? logit / o.repetition_penalty : logit * o.repetition_penalty);
      logit -= static_cast<float>(count * o.frequency_penalty + o.presence_penalty);
    }
  }
  for (const auto& [token, bias] : o.logit_bias) logits[static_cast<std::size_t>(token)] += static_cast<float>(bias);
  if (allowed.empty()) return;
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (!(allowed[i / 64] >> (i % 64) & 1)) logits[i] = -std::numeric_limits<float>::infinity();
}

std::span<const Sampler::Candidate> Sampler::distribution(std::span<float> logits,
                                                          std::span<const std::int32_t> history, TokenMask allowed) {
  shape(logits, history, allowed);
  const std::int32_t best = likeliest(logits);
  const double top = logits[static_cast<std::size_t>(best)];
  candidates_.clear();
  if (options_.temperature == 0) {
    candidates_.push_back({best, static_cast<float>(top), 1});
    return candidates_;
  }
  // Temperature first, then top-k, top-p and min-p.
  const double lowest = options_.min_p > 0 ? top + options_.temperature * std::log(options_.min_p) : -kInfinity;
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (logits[i] >= lowest && logits[i] > -kInfinity)
      candidates_.push_back({static_cast<std::int32_t>(i), logits[i], 0});
  if (candidates_.empty()) candidates_.push_back({best, static_cast<float>(top), 1});
  if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < candidates_.size()) {
    const auto k = candidates_.begin() + options_.top_k;
    std::nth_element(candidates_.begin(), k, candidates_.end(), likelier);
    candidates_.erase(k, candidates_.end());
  }
  auto weigh = [&] {
    double total = 0;
    for (Candidate& c : candidates_) total += c.probability = std::exp((c.logit - top) / options_.temperature);
    for (Candidate& c : candidates_) c.probability /= total;
  };
  weigh();
  if (options_.top_p < 1) {
    double sum = 0;
    keep_likely(candidates_, [&](const Candidate& c, std::size_t) { return (sum += c.probability) >= options_.top_p; });
    weigh();
  } else {
    std::sort(candidates_.begin(), candidates_.end(), likelier);
  }
  return candidates_;
}

std::int32_t Sampler::sample(std::span<float> logits, std::span<const std::int32_t> history, std::int64_t index,
                             TokenMask allowed) {
  const std::span<const Candidate> candidates = distribution(logits, history, allowed);
  if (candidates.size() == 1) return candidates[0].token;
  RandomStream random(options_.seed, "sample", static_cast<std::uint64_t>(index));
  const std::uint64_t high = random.next_u32() >> 5, low = random.next_u32() >> 6;  // 27 + 26 bits
  double left = static_cast<double>(high << 26 | low) * 0x1p-53;
  for (const Candidate& c : candidates)
    if ((left -= c.probability) < 0) return c.token;
  return candidates.back().token;
}

LogProbabilities log_probabilities(std::span<const float> logits, std::int32_t token, int top) {
  const double best = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (float logit : logits) total += std::exp(logit - best);
  const double shift = best + std::log(total);
  LogProbabilities out{logits[static_cast<std::size_t>(token)] - shift};
  if (top <= 0) return out;
  std::vector<std::int32_t> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
  const auto count = std::min<std::size_t>(ids.size(), static_cast<std::size_t>(top));
  auto logit = [&](std::int32_t id) { return logits[static_cast<std::size_t>(id)]; };
  std::partial_sort(
      ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
      [&](std::int32_t a, std::int32_t b) { return logit(a) > logit(b) || (logit(a) == logit(b) && a < b); });
  for (std::size_t i = 0; i < count; ++i) out.top.emplace_back(ids[i], logit(ids[i]) - shift);
  return out;
}

Verified verify_drawn(std::span<const double> p, std::span<const double> q, std::int32_t draft, double u, double v) {
  const auto x = static_cast<std::size_t>(draft);
  if (u * q[x] < p[x]) return {true, draft};
  double total = 0;
  for (std::size_t i = 0; i < p.size(); ++i) total += std::max(0.0, p[i] - q[i]);
  double left = v * total;
  std::int32_t last = draft;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double excess = p[i] - q[i];
    if (excess <= 0) continue;
    last = static_cast<std::int32_t>(i);
    if ((left -= excess) < 0) break;
  }
  return {false, last};
}

}  // namespace frugal
