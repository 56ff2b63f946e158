// How many tokens to draft: the expected gain of one more row against its measured cost.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace frugal {

// Seconds of a step by its number of rows, learned from the steps that are made.
class StepCosts {
 public:
  void learn(int rows, double seconds);
  // Between measured numbers a straight line. Where nothing is known one more row costs a twelfth of the first.
  double seconds(int rows) const;

 private:
  std::map<int, double> seconds_;
};

// The share of drafts that were accepted lately, of one sequence.
class Acceptance {
 public:
  void learn(int drafted, int accepted);
  double rate() const { return accepted_ / tried_; }
  bool probe();  // true now and then where nothing is drafted, so that the rate can recover

 private:
  double accepted_ = 1.2, tried_ = 2;  // a belief of 0.6 worth two tries
  int idle_ = 0;
};

struct DraftChoice {
  double rate;  // of acceptance, of each draft
  int most;     // drafts that are there, or could be
  int chosen = 0;
};
// Sets `chosen`: rows are added, the likeliest first, while they raise the expected tokens a second. `fixed`: rows of
// the step beside them (each sequence's own token, prompts); `draft_seconds`: what drafting one token costs.
void choose_drafts(std::span<DraftChoice> choices, int fixed, const StepCosts& costs, double draft_seconds);

}  // namespace frugal
