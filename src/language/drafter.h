// Drafters: what proposes the tokens that a language model then verifies in one step.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "language/runner.h"

namespace frugal {

struct DraftRequest {
  int sequence;                          // a number that stays until forget()
  std::span<const std::int32_t> tokens;  // prompt and what was generated, up to the token that is fed next
  std::size_t prompt;                    // so many of them are the prompt
  int most;                              // proposals wanted at most
  std::vector<std::int32_t> drafts{};    // filled in, may stay empty
  int sureness = 0;                      // filled in: of drafts of one number about as many are accepted
};

class Drafter {
 public:
  virtual ~Drafter() = default;
  virtual void propose(std::span<DraftRequest> requests) = 0;
  virtual void forget(int sequence) { static_cast<void>(sequence); }  // it has ended
};

// Copies from the prompt what followed there on the last `match` tokens, the last place where they stand; up to `copy`
// tokens (LLMA, Yang et al., arXiv 2304.04487, as the official code of EMS-SD has it: ems_sd.md section 2.6).
std::unique_ptr<Drafter> lookup_drafter(int match = 2, int copy = 7);

// The same over the prompt and everything generated, longest match first, from `longest` down to `shortest` tokens.
// `text`: a further one that is searched, such as earlier answers of the model.
std::unique_ptr<Drafter> ngram_drafter(int longest = 4, int shortest = 2, std::vector<std::int32_t> text = {});

// A smaller model of the same vocabulary, greedy. Error where the vocabularies differ in size.
std::unique_ptr<Drafter> model_drafter(std::unique_ptr<Runner> runner, std::int64_t target_vocabulary);

// For tests and measurements: proposals come from a function.
std::unique_ptr<Drafter> scripted_drafter(std::function<std::vector<std::int32_t>(const DraftRequest&)> script);

}  // namespace frugal
