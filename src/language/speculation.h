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

// The chance that a draft's first token is accepted, and of each further one when those before it were.
struct DraftChances {
  double first, next;
};

// What was accepted lately.
class Acceptance {
 public:
  explicit Acceptance(double memory) : memory_(memory) {}
  void learn(int drafted, int accepted);
  void fade();  // a step without drafts: what is known is not news any more
  DraftChances chances(DraftChances belief) const;
  // How the last draft ended: nothing was accepted, some, all; 3: there was none yet.
  static constexpr int kOutcomes = 4;
  int last() const { return last_; }

 private:
  struct Rate {
    double accepted = 0, tried = 0;
    double mean(double belief) const;
  };
  void keep(Rate& rate, double accepted, double tried) const;

  double memory_;  // what a try still counts after the next
  Rate first_, next_;
  int last_ = 3;
};

// Of all sequences, by how sure the drafter said it was and by how a sequence's last draft ended: texts are copied in
// runs, and one who was right is likely to be right again.
class DraftStatistics {
 public:
  static constexpr int kSureness = 8;
  void learn(int sureness, Acceptance& sequence, int drafted, int accepted);
  DraftChances chances(int sureness, const Acceptance& sequence) const;

 private:
  static std::size_t kind(int sureness, const Acceptance& sequence);
  std::vector<Acceptance> kinds_ = std::vector(kSureness * Acceptance::kOutcomes, Acceptance(0.99));
};

struct DraftChoice {
  DraftChances chances;
  int most;  // drafts that are there, or could be
  int chosen = 0;
};
// Sets `chosen`: rows are added, the likeliest first, while they raise the expected tokens a second. `fixed`: rows of
// the step beside them (each sequence's own token, prompts); `draft_seconds`: what drafting one token costs.
void choose_drafts(std::span<DraftChoice> choices, int fixed, const StepCosts& costs, double draft_seconds);

}  // namespace frugal
