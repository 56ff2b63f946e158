// How fast a language model runs here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "language/scheduler.h"

namespace frugal {

// Bytes that one step of one row reads of the weights: all of them, of a table that is only looked up a row.
std::int64_t weight_bytes_read(const Model& model);

// Bytes a second that `threads` threads read from memory, by a plain loop over more than any cache holds.
double measured_read_rate(int threads);

struct StepTime {
  int rows = 0;  // of a step
  double seconds = 0;
};

// Medians of `repeats` turns, taken in turns over all numbers of rows.
// `together`: all rows belong to one sequence, as in verification; else each to its own, as in a batch. Every sequence
// has `context` tokens already.
std::vector<StepTime> step_times(Runner& runner, std::span<const int> rows, bool together, int context, int repeats);

// Seconds for a prompt of `length` tokens, read in chunks; the median.
double prompt_seconds(Runner& runner, int length, int chunk, int repeats);

// The table of the paper (ems_sd.md section 5): plain greedy, the padded baseline, each half of the method, and both;
// and the whole with the number of drafts chosen in each step.
inline constexpr int kForms = 6;
inline constexpr const char* kSpeculationForms[kForms] = {"greedy",          "padded", "unpadded cache",
                                                          "unpadded inputs", "both",   "chosen"};
struct SpeculationTime {
  int batch = 0;
  double tokens_per_second[kForms] = {};  // 0 of forms that were not asked for
  DraftCounts counts[kForms] = {};
  // The texts are the greedy ones. Where the cache has gaps sums run over other chunks of it, and a near tie may fall
  // the other way.
  bool same_texts[kForms] = {};
};
struct SpeculationBench {
  int batch = 1, max_tokens = 128, repeats = 5;
  int drafts = 7;  // of a sequence and step at most
  std::vector<int> forms = {0, 1, 2, 3, 4, 5};
  // Chance that a draft is accepted, by its place, in place of comparing it: what a drafter as good as that would give.
  // Texts then mean nothing.
  std::vector<double> synthetic{};
  std::uint64_t seed = 0;  // of the chance
};
// Batches in the order of the prompts, each form in turn; the time of reading prompts does not count.
SpeculationTime time_speculation(Runner& runner, const std::vector<std::vector<std::int32_t>>& prompts,
                                 const SpeculationBench& options,
                                 const std::function<std::unique_ptr<Drafter>()>& drafter);

}  // namespace frugal
