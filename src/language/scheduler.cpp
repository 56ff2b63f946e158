#include "language/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void add_places(std::vector<std::int64_t>& to, const std::vector<std::int64_t>& from) {
  if (to.size() < from.size()) to.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

}  // namespace

void DraftCounts::add(const DraftCounts& other) {
  drafted += other.drafted;
  accepted += other.accepted;
  steps += other.steps;
  rows += other.rows;
  cells += other.cells;
  add_places(per_position, other.per_position);
}

void KeptText::drop(KvCache& cache) {
  if (sequence >= 0) cache.close(sequence);
  *this = {};
}

struct Scheduler::Sequence {
  Sequence(int number, GenerateRequest r, std::int64_t vocabulary, const Tokenizer* tokenizer)
      : id(number),
        request(std::move(r)),
        tokens(request.prompt),
        sampler(request.sampling, vocabulary),
        stop(request.stop) {
    if (tokenizer) decoder.emplace(*tokenizer);
    if (request.constraint) grammar = request.constraint->start();
  }

  std::size_t generated() const { return tokens.size() - request.prompt.size(); }

  int id;
  GenerateRequest request;
  std::vector<std::int32_t> tokens;  // prompt and generated; the last has no cell yet while decoding
  Sampler sampler;
  StopStrings stop;
  std::optional<StreamDecoder> decoder;
  Constraint::State grammar{};
  GenerateResult result;
  Acceptance acceptance;
  int cache = -1;
  std::size_t prompt_fed = 0;  // tokens of the prompt that have cells; the last one is fed as a decoding row
  int cell = 0;                // where the next row is written
  bool ended = false, cancelled = false;
  // Of the step at hand.
  std::vector<std::int32_t> drafts;
  std::size_t first_wanted = 0;  // place of its first row among those whose logits are wanted
  int fed = 0, taken = 0;        // rows, and those that are kept
};

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

// ---- One step ----

void Scheduler::draft(std::vector<Sequence*>& decoding) {
  for (Sequence* s : decoding) s->drafts.clear();
  if (!drafter_ || options_.most_drafts == 0) return;
  std::vector<DraftRequest> requests;
  std::vector<Sequence*> asked;
  std::vector<DraftChoice> choices;
  for (Sequence* s : decoding) {
    if (s->ended) continue;
    const int left = s->request.max_tokens - static_cast<int>(s->generated()) - 1;  // the step gives one in any case
    choices.push_back({s->acceptance.rate(), std::clamp(left, 0, options_.most_drafts)});
    asked.push_back(s);
  }
  const bool costly = draft_seconds_ > 1e-4;  // a model's drafts: choose before they are made
  auto choose = [&] {
    if (!options_.adaptive) {
      for (DraftChoice& c : choices) c.chosen = c.most;
      return;
    }
    choose_drafts(choices, static_cast<int>(choices.size()), costs_, draft_seconds_);
    for (std::size_t i = 0; i < choices.size(); ++i)
      if (choices[i].chosen == 0 && choices[i].most > 0 && asked[i]->acceptance.probe()) choices[i].chosen = 1;
  };
  if (costly) choose();
  for (std::size_t i = 0; i < asked.size(); ++i)
    requests.push_back({asked[i]->id, asked[i]->tokens, asked[i]->request.prompt.size(),
                        costly ? choices[i].chosen : choices[i].most});
  const Clock::time_point start = Clock::now();
  drafter_->propose(requests);
  std::int64_t made = 0;
  for (const DraftRequest& r : requests) made += std::ssize(r.drafts);
  if (made > 0) draft_seconds_ += 0.2 * (seconds_since(start) / static_cast<double>(made) - draft_seconds_);
  if (!costly) {
    for (std::size_t i = 0; i < requests.size(); ++i)
      choices[i].most = static_cast<int>(std::ssize(requests[i].drafts));
    choose();
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    asked[i]->drafts = std::move(requests[i].drafts);
    if (std::ssize(asked[i]->drafts) > choices[i].chosen)
      asked[i]->drafts.resize(static_cast<std::size_t>(choices[i].chosen));
  }
}

void Scheduler::feed_decoding(RowBatch& batch, std::vector<Sequence*>& decoding) {
  std::size_t longest = 0;
  for (const Sequence* s : decoding) longest = std::max(longest, s->drafts.size());
  for (Sequence* s : decoding) {
    const std::int32_t first = options_.padding.cache ? write_cell_ : s->cell;
    s->cell = first;
    const auto position = static_cast<std::int32_t>(s->tokens.size()) - 1;
    const std::size_t rows = 1 + (options_.padding.inputs ? longest : s->drafts.size());
    s->first_wanted = batch.wanted.size();
    s->fed = static_cast<int>(rows);
    std::vector<std::int32_t> positions;
    for (std::size_t i = 0; i < rows; ++i) {
      const bool real = i <= s->drafts.size();
      const std::int32_t token = i == 0 || !real ? s->tokens.back() : s->drafts[i - 1];
      const auto place = static_cast<std::int32_t>(i);
      batch.add(token, s->cache, position + place, first + place, true);
      positions.push_back(position + place);
    }
    if (options_.padding.cache) {
      runner_.cache().reserve(s->cache, first + static_cast<int>(rows));
      runner_.cache().place(s->cache, first, positions);
    }
  }
}

// Prompts take turns, so that a long one does not keep the others waiting. The last token of a prompt is fed as a
// decoding row, with the drafts that follow it.
void Scheduler::feed_prompts(RowBatch& batch) {
  int left = options_.chunk;
  ++turn_;
  for (std::size_t i = 0; i < active_.size() && left > 0; ++i) {
    Sequence& s = *active_[(i + turn_) % active_.size()];
    if (s.ended) continue;
    for (; left > 0 && s.prompt_fed + 1 < s.request.prompt.size(); ++s.prompt_fed, --left) {
      const auto place = static_cast<std::int32_t>(s.prompt_fed);
      batch.add(s.request.prompt[s.prompt_fed], s.cache, place, place, false);
      s.cell = place + 1;
    }
  }
}

// The padded cache: all sequences go on behind the longest prompt.
void Scheduler::align_cache() {
  write_cell_ = 0;
  for (const auto& s : active_) write_cell_ = std::max(write_cell_, s->cell);
  for (const auto& s : active_) {
    const std::vector<std::int32_t> gap(static_cast<std::size_t>(write_cell_ - s->cell), -1);
    runner_.cache().reserve(s->cache, write_cell_);
    runner_.cache().place(s->cache, s->cell, gap);
    runner_.cache().commit(s->cache, write_cell_);
    s->cell = write_cell_;
  }
}

bool Scheduler::synthetic_accepts(const Sequence& s, std::size_t place) const {
  const double rate = options_.synthetic[std::min(place, options_.synthetic.size() - 1)];
  return RandomStream(options_.seed + static_cast<std::uint64_t>(s.id), "synthetic acceptance", s.tokens.size())
             .uniform() < rate;
}

// Appends one token; true: the sequence goes on.
bool Scheduler::emit(Sequence& s, std::int32_t token, std::span<const float> logits) {
  const bool end = is_end(token) && !s.request.ignore_end;
  Generated out{token, ""};
  if (s.request.log_probabilities >= 0) {
    out.log_probabilities = log_probabilities(logits, token, s.request.log_probabilities);
    s.result.log_probabilities.push_back(*out.log_probabilities);
  }
  s.tokens.push_back(token);
  if (s.request.constraint && !end) s.request.constraint->accept(s.grammar, token);
  if (s.decoder && !end) {
    out.text = s.stop.push(s.decoder->push(token));
    s.result.text += out.text;
  }
  if (s.request.on_token) s.request.on_token(out);
  if (end || s.stop.stopped() || (s.request.constraint && s.request.constraint->must_end(s.grammar)))
    finish(s, "stop");
  else if (static_cast<int>(s.generated()) >= s.request.max_tokens)
    finish(s, "length");
  return !s.ended;
}

// Takes the tokens that the step has given; returns how many of the rows fed stay in the cache.
int Scheduler::verify(Sequence& s, std::span<float> logits) {
  const auto width = static_cast<std::size_t>(runner_.vocabulary());
  std::vector<float> plain;
  int taken = 0;
  for (std::size_t i = 0; i <= s.drafts.size(); ++i) {
    std::span<float> row = logits.subspan((s.first_wanted + i) * width, width);
    if (s.request.log_probabilities >= 0) plain.assign(row.begin(), row.end());  // before penalties
    const TokenMask allowed = s.request.constraint ? s.request.constraint->mask(s.grammar) : TokenMask{};
    std::int32_t token = s.sampler.sample(row, s.tokens, static_cast<std::int64_t>(s.generated()), allowed);
    bool accepted = i < s.drafts.size() && token == s.drafts[i];
    if (!options_.synthetic.empty() && i < s.drafts.size()) {
      accepted = synthetic_accepts(s, i);
      if (accepted) token = s.drafts[i];
    }
    ++taken;
    if (accepted) {
      ++s.result.counts.accepted;
      if (s.result.counts.per_position.size() <= i) s.result.counts.per_position.resize(i + 1);
      ++s.result.counts.per_position[i];
    }
    if (!emit(s, token, plain) || !accepted) break;
  }
  s.result.counts.drafted += std::ssize(s.drafts);
  ++s.result.counts.steps;
  s.acceptance.learn(static_cast<int>(s.drafts.size()), taken - 1);
  return taken;
}

// The rows that were taken stay; what else was written is free again.
void Scheduler::commit(std::vector<Sequence*>& decoding) {
  int most = 0;
  for (const Sequence* s : decoding) most = std::max(most, s->taken);
  for (Sequence* s : decoding) {
    const int kept = options_.padding.cache ? most : s->taken;
    if (options_.padding.cache) {
      runner_.cache().reserve(s->cache, s->cell + kept);
      const std::vector<std::int32_t> gap(static_cast<std::size_t>(kept - s->taken), -1);
      runner_.cache().place(s->cache, s->cell + s->taken, gap);
    }
    s->cell += kept;
    runner_.cache().commit(s->cache, s->cell);
  }
  if (options_.padding.cache) write_cell_ += most;
}

bool Scheduler::step() {
  for (auto& s : active_)
    if (s->cancelled && !s->ended) finish(*s, "cancelled");
  // Padded sequences leave together, the others at once.
  const bool all_ended = std::all_of(active_.begin(), active_.end(), [](const auto& s) { return s->ended; });
  for (auto it = active_.begin(); it != active_.end();) {
    Sequence& s = **it;
    if (!s.ended || (options_.padding.any() && !all_ended)) {
      ++it;
      continue;
    }
    s.result.counts.cells = s.cell;
    counts_.drafted += s.result.counts.drafted;
    counts_.accepted += s.result.counts.accepted;
    counts_.cells += s.cell;
    add_places(counts_.per_position, s.result.counts.per_position);
    release(s);
    done_.push_back(std::move(*it));
    it = active_.erase(it);
  }
  if (active_.empty()) write_cell_ = -1;
  admit();
  if (active_.empty()) return !waiting_.empty();

  RowBatch batch;
  std::vector<Sequence*> decoding;
  feed_prompts(batch);
  const int prompt_rows = batch.size();
  auto prompt_done = [](const auto& s) { return s->ended || s->prompt_fed + 1 >= s->request.prompt.size(); };
  const bool all_read = std::all_of(active_.begin(), active_.end(), prompt_done);
  if (!options_.padding.any() || (all_read && prompt_rows == 0)) {
    if (options_.padding.cache && write_cell_ < 0) align_cache();
    for (auto& s : active_)
      if (prompt_done(s) && (!s->ended || options_.padding.any())) decoding.push_back(s.get());
    draft(decoding);
    feed_decoding(batch, decoding);
  }
  if (batch.size() == 0) return true;

  const Clock::time_point start = Clock::now();
  std::span<float> logits = runner_.run(batch);
  const double seconds = seconds_since(start);
  for (auto& s : active_)
    if (std::find(decoding.begin(), decoding.end(), s.get()) == decoding.end())
      runner_.cache().commit(s->cache, s->cell);
  std::int64_t decoded = 0;
  for (Sequence* s : decoding) {
    s->taken = s->ended ? 0 : verify(*s, logits);
    s->result.counts.rows += s->fed;
    counts_.rows += s->fed;
    decoded += s->taken;
  }
  commit(decoding);
  if (!decoding.empty()) ++counts_.steps;
  if (prompt_rows == 0) costs_.learn(batch.size(), seconds);
  const double all = seconds_since(start), share = static_cast<double>(prompt_rows) / batch.size();
  times_.prompt += all * share;
  times_.decode += all * (1 - share);
  times_.prompt_tokens += prompt_rows;
  times_.decoded_tokens += decoded;
  return true;
}

}  // namespace frugal
