// From logits to a token.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace frugal {

struct SamplingOptions {
  double temperature = 0;  // 0: the most likely token, the lowest id where several are
  int top_k = 0;           // the k most likely; 0: all
  double top_p = 1;        // the fewest most likely whose probabilities reach this (Holtzman et al., arXiv 1904.09751)
  double min_p = 0;        // those at least this times as likely as the most likely (arXiv 2407.01082)
  // Over the last `penalty_window` tokens, prompt included: positive logits are divided by `repetition_penalty`,
  // negative ones multiplied (Keskar et al., arXiv 1909.05858); `frequency_penalty` for each time and
  // `presence_penalty` once are taken off.
  double repetition_penalty = 1, frequency_penalty = 0, presence_penalty = 0;
  int penalty_window = 64;
  std::map<std::int32_t, double> logit_bias{};  // added; -infinity forbids
  std::uint64_t seed = 0;
};
void check(const SamplingOptions& options);  // UsageError names the option and what would be right

// The token of the largest logit, the lowest id where several are equal. Vectorised: vocabularies are large.
std::int32_t likeliest(std::span<const float> logits);

// A set of tokens, a bit each; empty: all.
using TokenMask = std::span<const std::uint64_t>;

class Sampler {
 public:
  Sampler(SamplingOptions options, std::int64_t vocabulary);

  const SamplingOptions& options() const { return options_; }

  // The distribution the next token is drawn from, as (token, probability) with the most likely first; `history`: the
  // tokens before it, prompt included. Logits are changed by penalties, bias and mask.
  struct Candidate {
    std::int32_t token;
    float logit;
    double probability;
  };
  std::span<const Candidate> distribution(std::span<float> logits, std::span<const std::int32_t> history,
                                          TokenMask allowed = {});

  // The token at place `index` of a sequence (0 is the first one generated). The random number belongs to the seed and
  // the place alone, so that a text does not depend on what else is in the batch, nor on speculation.
  std::int32_t sample(std::span<float> logits, std::span<const std::int32_t> history, std::int64_t index,
                      TokenMask allowed = {});

 private:
  void shape(std::span<float> logits, std::span<const std::int32_t> history, TokenMask allowed) const;

  SamplingOptions options_;
  std::vector<Candidate> candidates_;
};

// Natural logarithm of each token's probability under plain softmax: that of `token`, and the `top` most likely.
struct LogProbabilities {
  double chosen = 0;
  std::vector<std::pair<std::int32_t, double>> top{};
};
LogProbabilities log_probabilities(std::span<const float> logits, std::int32_t token, int top);

// Verification of a drawn draft (Leviathan et al., arXiv 2211.17192): p the target's distribution, q the drafter's.
// Accepts `draft` with probability min(1, p/q); else draws from the normalised positive part of p - q. u and v are
// uniform in [0, 1). The result is distributed as p.
struct Verified {
  bool accepted;
  std::int32_t token;
};
Verified verify_drawn(std::span<const double> p, std::span<const double> q, std::int32_t draft, double u, double v);

}  // namespace frugal
