#include "language/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "language/sequence.h"

namespace frugal {

void DraftCounts::add(const DraftCounts& other) {
  drafted += other.drafted;
  accepted += other.accepted;
  steps += other.steps;
  rows += other.rows;
  cells += other.cells;
  if (per_position.size() < other.per_position.size()) per_position.resize(other.per_position.size());
  for (std::size_t i = 0; i < other.per_position.size(); ++i) per_position[i] += other.per_position[i];
}

void KeptText::drop(KvCache& cache) {
  if (sequence >= 0) cache.close(sequence);
  *this = {};
}

Scheduler::Scheduler(Runner& runner, const Tokenizer* tokenizer, std::vector<std::int32_t> ends,
                     std::unique_ptr<Drafter> drafter, SchedulerOptions options)
    : runner_(runner),
      tokenizer_(tokenizer),
      ends_(std::move(ends)),
      drafter_(std::move(drafter)),
      options_(std::move(options)) {
  if (options_.batch < 1) fail_usage("a batch of {} sequences; at least 1 is needed", options_.batch);
  if (options_.chunk < 1) fail_usage("prompts in chunks of {} tokens; at least 1 is needed", options_.chunk);
}

Scheduler::~Scheduler() {
  for (const auto& s : active_)
    if (s->cache >= 0) runner_.cache().close(s->cache);
}

bool Scheduler::is_end(std::int32_t token) const { return std::find(ends_.begin(), ends_.end(), token) != ends_.end(); }

int Scheduler::add(GenerateRequest request) {
  if (request.prompt.empty()) fail("the prompt has no tokens; at least one is needed");
  for (std::int32_t token : request.prompt)
    if (token < 0 || token >= runner_.vocabulary())
      fail("the prompt holds token {}; the vocabulary has 0 to {}", token, runner_.vocabulary() - 1);
  if (request.max_tokens < 0) fail_usage("{} tokens are asked for; the number cannot be negative", request.max_tokens);
  const auto prompt = std::ssize(request.prompt);
  if (options_.context > 0 && prompt + request.max_tokens > options_.context) {
    if (prompt >= options_.context)
      fail("the prompt has {} tokens, but the context holds {}; shorten it or allow a longer context", prompt,
           options_.context);
    request.max_tokens = static_cast<int>(options_.context - prompt);
  }
  auto s = std::make_unique<Sequence>(next_id_, std::move(request), runner_.vocabulary(), tokenizer_);
  if (s->request.max_tokens == 0) {
    s->result.finish = "length";
    done_.push_back(std::move(s));
  } else {
    waiting_.push_back(std::move(s));
  }
  return next_id_++;
}

void Scheduler::cancel(int id) {
  for (auto& s : active_)
    if (s->id == id) s->cancelled = true;
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if ((*it)->id != id) continue;
    (*it)->result.finish = "cancelled";
    done_.push_back(std::move(*it));
    waiting_.erase(it);
    return;
  }
}

bool Scheduler::finished(int id) const {
  return std::any_of(done_.begin(), done_.end(), [&](const auto& s) { return s->id == id; });
}

GenerateResult Scheduler::take(int id) {
  const auto found = std::find_if(done_.begin(), done_.end(), [&](const auto& s) { return s->id == id; });
  FRUGAL_ASSERT(found != done_.end());
  GenerateResult out = std::move((*found)->result);
  done_.erase(found);
  return out;
}

// Whoever waits longest comes in as soon as its cells are sure to be there: nothing is ever taken from the active.
void Scheduler::admit() {
  if (options_.padding.any() && !active_.empty()) return;
  auto most_cells = [&](const Sequence& s) {
    const std::int64_t longest = std::ssize(s.request.prompt) + s.request.max_tokens + options_.most_drafts;
    const std::int64_t padded = options_.padding.cache ? s.request.max_tokens * options_.most_drafts : 0;
    return (longest + padded + kPageCells) / kPageCells * kPageCells;
  };
  std::int64_t promised = 0;  // cells that the active may still take
  for (const auto& s : active_)
    promised += std::max<std::int64_t>(0, most_cells(*s) - (s->cell + kPageCells - 1) / kPageCells * kPageCells);
  while (!waiting_.empty() && std::ssize(active_) < options_.batch) {
    Sequence& s = *waiting_.front();
    if (most_cells(s) > runner_.cache().free_cells() - promised) {
      if (!active_.empty()) return;
      fail("a text of {} tokens does not fit into the cache, which has room for {}; allow it more memory or shorten it",
           s.request.prompt.size() + static_cast<std::size_t>(s.request.max_tokens), runner_.cache().free_cells());
    }
    promised += most_cells(s);
    if (!take_kept(s)) s.cache = runner_.cache().open();
    active_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

// Goes on with the cells of an earlier text; the last token of the prompt is fed in any case.
bool Scheduler::take_kept(Sequence& s) {
  KeptText* kept = s.request.kept.get();
  if (!kept || kept->sequence < 0) return false;
  const std::vector<std::int32_t>& prompt = s.request.prompt;
  const std::size_t most = std::min(kept->tokens.size(), prompt.size() - 1);
  const auto differs =
      std::mismatch(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(most), kept->tokens.begin());
  s.prompt_fed = static_cast<std::size_t>(differs.first - prompt.begin());
  s.cell = static_cast<int>(s.prompt_fed);
  s.cache = std::exchange(kept->sequence, -1);
  runner_.cache().commit(s.cache, s.cell);
  return true;
}

void Scheduler::release(Sequence& s) {
  if (drafter_) drafter_->forget(s.id);
  if (s.request.kept && !options_.padding.any()) {
    s.request.kept->sequence = s.cache;
    s.request.kept->tokens.assign(s.tokens.begin(), s.tokens.begin() + s.cell);
  } else {
    runner_.cache().close(s.cache);
  }
}

void Scheduler::finish(Sequence& s, const std::string& reason) {
  if (s.decoder && reason != "cancelled") {
    // What the decoder and the stop strings held back is text after all.
    std::string rest = s.stop.push(s.decoder->finish()) + s.stop.finish();
    s.result.text += rest;
    if (!rest.empty() && s.request.on_token) s.request.on_token({s.tokens.back(), rest});
  }
  s.result.ids.assign(s.tokens.begin() + std::ssize(s.request.prompt), s.tokens.end());
  s.result.finish = reason;
  s.ended = true;
}

// Those that have ended leave, with the padded forms all at once.
void Scheduler::retire() {
  for (auto& s : active_)
    if (s->cancelled && !s->ended) finish(*s, "cancelled");
  const bool all_ended = std::all_of(active_.begin(), active_.end(), [](const auto& s) { return s->ended; });
  for (auto it = active_.begin(); it != active_.end();) {
    Sequence& s = **it;
    if (!s.ended || (options_.padding.any() && !all_ended)) {
      ++it;
      continue;
    }
    s.result.counts.cells = s.cell;
    DraftCounts counts = s.result.counts;
    counts.steps = counts.rows = 0;  // these were counted step by step
    counts_.add(counts);
    release(s);
    done_.push_back(std::move(*it));
    it = active_.erase(it);
  }
  if (active_.empty()) write_cell_ = -1;
}

}  // namespace frugal
