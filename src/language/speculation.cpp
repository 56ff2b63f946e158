#include "language/speculation.h"

#include <algorithm>
#include <cmath>

namespace frugal {
namespace {

// Every number of rows is compiled once, which takes as long as a row or two: of larger numbers only some are used.
bool usable(int rows) { return rows <= 16 || rows % 4 == 0; }

}  // namespace

void StepCosts::learn(int rows, double seconds) {
  auto [found, fresh] = seconds_.try_emplace(rows, seconds);
  if (fresh) return;
  // An outlier (another program's turn) moves the value by a tenth of it at most.
  const double bounded = std::clamp(seconds, 0.5 * found->second, 1.5 * found->second);
  found->second += 0.2 * (bounded - found->second);
}

double StepCosts::seconds(int rows) const {
  constexpr double kShare = 1.0 / 12;
  if (seconds_.empty()) return 1 + kShare * (rows - 1);
  const auto above = seconds_.lower_bound(rows);
  if (above != seconds_.end() && above->first == rows) return above->second;
  if (above == seconds_.begin())  // fewer rows than ever measured
    return above->second * (1 + kShare * (rows - 1)) / (1 + kShare * (above->first - 1));
  const auto below = std::prev(above);
  if (above == seconds_.end()) return below->second * (1 + kShare * (rows - 1)) / (1 + kShare * (below->first - 1));
  const double part = static_cast<double>(rows - below->first) / (above->first - below->first);
  return below->second + part * (above->second - below->second);
}

double Acceptance::Rate::mean(double belief) const {
  constexpr double kWeight = 2;  // tries that a belief is worth
  return (accepted + kWeight * belief) / (tried + kWeight);
}

void Acceptance::keep(Rate& rate, double accepted, double tried) const {
  const double kept = std::pow(memory_, tried);
  rate.accepted = rate.accepted * kept + accepted;
  rate.tried = rate.tried * kept + tried;
}

void Acceptance::learn(int drafted, int accepted) {
  if (drafted == 0) return;
  keep(first_, accepted > 0 ? 1 : 0, 1);
  // Drafts behind the first wrong one say nothing.
  if (accepted > 0) keep(next_, accepted - 1, std::min(drafted - 1, accepted));
  last_ = accepted == 0 ? 0 : accepted < drafted ? 1 : 2;
}

void Acceptance::fade() {
  constexpr double kFade = 0.95;
  for (Rate* rate : {&first_, &next_}) rate->accepted *= kFade, rate->tried *= kFade;
}

DraftChances Acceptance::chances(DraftChances belief) const {
  return {first_.mean(belief.first), next_.mean(belief.next)};
}

std::size_t DraftStatistics::kind(int sureness, const Acceptance& sequence) {
  return static_cast<std::size_t>(std::clamp(sureness, 0, kSureness - 1) * Acceptance::kOutcomes + sequence.last());
}

void DraftStatistics::learn(int sureness, Acceptance& sequence, int drafted, int accepted) {
  kinds_[kind(sureness, sequence)].learn(drafted, accepted);
  sequence.learn(drafted, accepted);
}

DraftChances DraftStatistics::chances(int sureness, const Acceptance& sequence) const {
  constexpr DraftChances kBelief[Acceptance::kOutcomes] = {{0.3, 0.6}, {0.5, 0.7}, {0.8, 0.9}, {0.5, 0.8}};
  return sequence.chances(kinds_[kind(sureness, sequence)].chances(kBelief[sequence.last()]));
}

void choose_drafts(std::span<DraftChoice> choices, int fixed, const StepCosts& costs, double draft_seconds) {
  double expected = static_cast<double>(choices.size());  // every sequence gains one token in any case
  int rows = fixed;
  std::vector<double> next;  // chance that a sequence's next draft is accepted
  for (DraftChoice& c : choices) {
    c.chosen = 0;
    next.push_back(c.chances.first);
  }
  // Costs may have steps (a kernel's block of rows): a dear row may be paid for by the cheap ones behind it. So all
  // counts are tried and the best is kept.
  // What is a little better than no drafts may be a little worse in truth.
  constexpr double kWorthIt = 1.03;
  const double without = expected / costs.seconds(rows);
  double best = without;
  std::vector<int> chosen(choices.size()), kept = chosen;
  for (int drafts = 1;; ++drafts) {
    std::size_t most = choices.size();
    for (std::size_t i = 0; i < choices.size(); ++i)
      if (chosen[i] < choices[i].most && (most == choices.size() || next[i] > next[most])) most = i;
    if (most == choices.size()) break;
    expected += next[most];
    next[most] *= choices[most].chances.next;
    ++chosen[most];
    const double speed = expected / (costs.seconds(++rows) + drafts * draft_seconds);
    if (usable(rows) && speed > best * 1.01) {
      best = speed;
      kept = chosen;
    }
  }
  if (best < kWorthIt * without) return;
  for (std::size_t i = 0; i < choices.size(); ++i) choices[i].chosen = kept[i];
}

}  // namespace frugal
