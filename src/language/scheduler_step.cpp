// One step of the scheduler: rows are gathered, drafted, run, verified and committed.
#include <algorithm>
#include <chrono>

#include "base/random.h"
#include "language/sequence.h"

namespace frugal {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

// How many drafts each sequence may have, by what they cost and how likely they are; now and then one where none pays,
// so that better times are noticed.
void Scheduler::choose(std::span<Sequence* const> asked, std::span<DraftChoice> choices) {
  if (!options_.adaptive) {
    for (DraftChoice& c : choices) c.chosen = c.most;
    return;
  }
  choose_drafts(choices, static_cast<int>(choices.size()), costs_, draft_seconds_);
  if (std::any_of(choices.begin(), choices.end(), [](const DraftChoice& c) { return c.chosen > 0; })) {
    idle_ = 0;
    return;
  }
  constexpr int kProbeEvery = 16;
  for (Sequence* s : asked) s->acceptance.fade();
  if (++idle_ % kProbeEvery != 0) return;
  const auto likeliest = std::max_element(choices.begin(), choices.end(), [](const auto& a, const auto& b) {
    return a.most * a.chances.first < b.most * b.chances.first;
  });
  if (likeliest != choices.end() && likeliest->most > 0) likeliest->chosen = 1;
}

void Scheduler::draft(std::vector<Sequence*>& decoding) {
  for (Sequence* s : decoding) s->drafts.clear();
  if (!drafter_ || options_.most_drafts == 0) return;
  std::vector<DraftRequest> requests;
  std::vector<Sequence*> asked;
  std::vector<DraftChoice> choices;
  for (Sequence* s : decoding) {
    if (s->ended) continue;
    const int left = s->request.max_tokens - static_cast<int>(s->generated()) - 1;  // the step gives one in any case
    choices.push_back({statistics_.chances(0, s->acceptance), std::clamp(left, 0, options_.most_drafts)});
    asked.push_back(s);
  }
  const bool costly = draft_seconds_ > 1e-4;  // a model's drafts: choose before they are made
  if (costly) choose(asked, choices);
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
      choices[i] = {statistics_.chances(requests[i].sureness, asked[i]->acceptance),
                    static_cast<int>(std::ssize(requests[i].drafts))};
    choose(asked, choices);
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    asked[i]->drafts = std::move(requests[i].drafts);
    asked[i]->sureness = requests[i].sureness;
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
  statistics_.learn(s.sureness, s.acceptance, static_cast<int>(s.drafts.size()), taken - 1);
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

// Rows of prompts and of those that decode, who are listed.
std::vector<Scheduler::Sequence*> Scheduler::feed(RowBatch& batch) {
  std::vector<Sequence*> decoding;
  feed_prompts(batch);
  if (options_.padding.any()) {  // all begin together
    if (batch.size() > 0) return decoding;
    if (options_.padding.cache && write_cell_ < 0) align_cache();
  }
  for (auto& s : active_)
    if (s->prompt_read() && (!s->ended || options_.padding.any())) decoding.push_back(s.get());
  draft(decoding);
  feed_decoding(batch, decoding);
  return decoding;
}

bool Scheduler::step() {
  retire();
  admit();
  if (active_.empty()) return !waiting_.empty();

  RowBatch batch;
  std::vector<Sequence*> decoding = feed(batch);
  if (batch.size() == 0) return true;
  std::int64_t prompt_rows = batch.size();
  for (const Sequence* s : decoding) prompt_rows -= s->fed;

  const Clock::time_point start = Clock::now();
  std::span<float> logits = runner_.run(batch);
  if (prompt_rows == 0 && !runner_.fresh()) costs_.learn(batch.size(), seconds_since(start));
  for (auto& s : active_)
    if (std::find(decoding.begin(), decoding.end(), s.get()) == decoding.end())
      runner_.cache().commit(s->cache, s->cell);
  for (Sequence* s : decoding) {
    s->taken = s->ended ? 0 : verify(*s, logits);
    s->result.counts.rows += s->fed;
    counts_.rows += s->fed;
    times_.decoded_tokens += s->taken;
  }
  commit(decoding);
  if (!decoding.empty()) ++counts_.steps;
  const double all = seconds_since(start), share = static_cast<double>(prompt_rows) / batch.size();
  times_.prompt += all * share;
  times_.decode += all * (1 - share);
  times_.prompt_tokens += prompt_rows;
  return true;
}

}  // namespace frugal
