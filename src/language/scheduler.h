// Generation for many sequences at once: they join and leave between steps, prompts are read in chunks beside the
// tokens of the others, and drafts are verified without any padding (EMS-SD, Ni et al., arXiv 2405.07542).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "language/constraint/constraint.h"
#include "language/drafter.h"
#include "language/runner.h"
#include "language/sampler.h"
#include "language/speculation.h"
#include "language/stop.h"

namespace frugal {

class Tokenizer;

// What the cache still holds of an earlier text, so that a conversation is not read again at every turn. Belongs to
// the runner it was filled by; empty it (drop) before that goes.
struct KeptText {
  std::vector<std::int32_t> tokens{};  // whose keys and values are there
  int sequence = -1;
  void drop(KvCache& cache);
};

struct Generated {
  std::int32_t token;
  std::string text;  // what can be shown now; whole characters, without what may begin a stop string
  std::optional<LogProbabilities> log_probabilities{};
};

struct GenerateRequest {
  std::vector<std::int32_t> prompt;
  int max_tokens = 128;
  SamplingOptions sampling{};
  std::vector<std::string> stop{};           // the text ends before the first of these
  int log_probabilities = -1;                // how many alternatives; -1: none are computed
  bool ignore_end = false;                   // end-of-generation tokens are tokens as others (measurements)
  std::shared_ptr<Constraint> constraint{};  // the text stays within a grammar; requests may share one
  std::shared_ptr<KeptText> kept{};  // begins with what it holds, as far as the prompt agrees, and is kept there
  std::function<void(const Generated&)> on_token{};
};

struct DraftCounts {
  std::int64_t drafted = 0, accepted = 0;
  std::int64_t steps = 0;                    // in which this sequence, or any, decoded
  std::int64_t rows = 0;                     // fed while decoding, padding included
  std::int64_t cells = 0;                    // of the cache at the end, gaps included
  std::vector<std::int64_t> per_position{};  // accepted, by place in the draft
  void add(const DraftCounts& other);
};

struct GenerateResult {
  std::vector<std::int32_t> ids{};
  std::string text{};
  std::string finish{};  // "stop": an end token or a stop string; "length"; "cancelled"
  DraftCounts counts{};
  std::vector<LogProbabilities> log_probabilities{};
};

// The padded baseline of the paper and its halves. Then all requests must be there before the first step, and those
// that have ended are fed until the last has.
struct Padding {
  bool inputs = false;  // every sequence feeds as many rows as the longest
  bool cache = false;   // all sequences write at one common place, with gaps
  bool any() const { return inputs || cache; }
};

struct SchedulerOptions {
  int batch = 8;         // sequences at once
  int context = 0;       // tokens of prompt and text at most; 0: unlimited
  int chunk = 256;       // rows of prompts in a step beside decoding ones
  int most_drafts = 7;   // of a sequence in a step
  bool adaptive = true;  // drafts only while measured costs say that they pay; else always as many as there are
  Padding padding{};
  std::vector<double> synthetic{};  // measurements: chance of acceptance by place, instead of comparing
  std::uint64_t seed = 0;           // of the synthetic acceptance
};

class Scheduler {
 public:
  // `tokenizer` may be null: then there are no texts and no stop strings. `ends`: tokens that end a text.
  Scheduler(Runner& runner, const Tokenizer* tokenizer, std::vector<std::int32_t> ends,
            std::unique_ptr<Drafter> drafter, SchedulerOptions options);
  ~Scheduler();

  // UsageError or Error where the request can never run: an empty prompt, a context that is too short.
  int add(GenerateRequest request);
  void cancel(int id);
  bool step();  // false: nothing is left to do
  bool finished(int id) const;
  GenerateResult take(int id);  // of a finished one; its number is then unknown

  const DraftCounts& counts() const { return counts_; }  // of all sequences
  struct Times {
    double prompt = 0, decode = 0;  // seconds; a step that does both is shared out by its rows
    std::int64_t prompt_tokens = 0, decoded_tokens = 0;
  };
  const Times& times() const { return times_; }

 private:
  struct Sequence;
  void admit();
  bool take_kept(Sequence& s);
  void release(Sequence& s);
  void finish(Sequence& s, const std::string& reason);
  void retire();
  std::vector<Sequence*> feed(RowBatch& batch);
  void choose(std::span<Sequence* const> asked, std::span<DraftChoice> choices);
  void draft(std::vector<Sequence*>& decoding);
  void feed_prompts(RowBatch& batch);
  void feed_decoding(RowBatch& batch, std::vector<Sequence*>& decoding);
  int verify(Sequence& s, std::span<float> logits);
  bool emit(Sequence& s, std::int32_t token, std::span<const float> logits);
  bool synthetic_accepts(const Sequence& s, std::size_t place) const;
  void commit(std::vector<Sequence*>& decoding);
  void align_cache();
  bool is_end(std::int32_t token) const;

  Runner& runner_;
  const Tokenizer* tokenizer_;
  std::vector<std::int32_t> ends_;
  std::unique_ptr<Drafter> drafter_;
  SchedulerOptions options_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> active_, done_;
  StepCosts costs_;
  DraftStatistics statistics_;
  int idle_ = 0;              // steps in which nothing was drafted
  double draft_seconds_ = 0;  // of one proposed token
  DraftCounts counts_;
  Times times_;
  int next_id_ = 0;
  int write_cell_ = -1;   // of the padded cache
  std::size_t turn_ = 0;  // whose prompt comes first
};

}  // namespace frugal
