#include "language/speculation.h"

#include <algorithm>
#include <cmath>

namespace frugal {

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

void Acceptance::learn(int drafted, int accepted) {
  if (drafted == 0) return;
  // Drafts behind the first wrong one say nothing.
  const int tried = std::min(drafted, accepted + 1);
  const double keep = std::pow(0.9, tried);
  accepted_ = accepted_ * keep + accepted;
  tried_ = tried_ * keep + tried;
  idle_ = 0;
}

bool Acceptance::probe() {
  constexpr int kEvery = 32;
  return ++idle_ % kEvery == 0;
}

void choose_drafts(std::span<DraftChoice> choices, int fixed, const StepCosts& costs, double draft_seconds) {
  double expected = static_cast<double>(choices.size());  // every sequence gains one token in any case
  int rows = fixed;
  std::vector<double> next;  // chance that a sequence's next draft is accepted
  for (DraftChoice& c : choices) {
    c.chosen = 0;
    next.push_back(c.rate);
  }
  // Costs may have steps (a kernel's block of rows): a dear row may be paid for by the cheap ones behind it. So all
  // counts are tried and the best is kept.
  double best = expected / costs.seconds(rows);
  std::vector<int> chosen(choices.size()), kept = chosen;
  for (int drafts = 1;; ++drafts) {
    std::size_t most = choices.size();
    for (std::size_t i = 0; i < choices.size(); ++i)
      if (chosen[i] < choices[i].most && (most == choices.size() || next[i] > next[most])) most = i;
    if (most == choices.size()) break;
    expected += next[most];
    next[most] *= choices[most].rate;
    ++chosen[most];
    const double speed = expected / (costs.seconds(++rows) + drafts * draft_seconds);
    if (speed > best * 1.01) {
      best = speed;
      kept = chosen;
    }
  }
  for (std::size_t i = 0; i < choices.size(); ++i) choices[i].chosen = kept[i];
}

}  // namespace frugal
