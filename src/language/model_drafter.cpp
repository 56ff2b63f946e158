#include <algorithm>
#include <map>

#include "base/check.h"
#include "language/drafter.h"
#include "language/sampler.h"

namespace frugal {
namespace {

// The draft model has a cache of its own. What it holds of a sequence is compared with the sequence as it went on: the
// common beginning is kept, the rest is fed, be that one token, two (all drafts were accepted, the last of which was
// never fed) or the prompt.
class ModelDrafter final : public Drafter {
 public:
  explicit ModelDrafter(std::unique_ptr<Runner> runner) : runner_(std::move(runner)) {}

  void forget(int sequence) override {
    const auto found = states_.find(sequence);
    if (found == states_.end()) return;
    runner_->cache().close(found->second.cache);
    states_.erase(found);
  }

  void propose(std::span<DraftRequest> requests) override {
    RowBatch batch;
    std::vector<DraftRequest*> asked;
    for (DraftRequest& r : requests) {
      if (r.most < 1) continue;
      State& s = state(r.sequence);
      keep_common(s, r.tokens);
      read_ahead(s, r.tokens);
      for (std::size_t i = s.fed.size(); i < r.tokens.size(); ++i)
        feed(batch, s, r.tokens[i], i + 1 == r.tokens.size());
      asked.push_back(&r);
    }
    while (!asked.empty()) {
      run(batch, asked);
      batch.clear();
      std::erase_if(asked, [](const DraftRequest* r) { return std::ssize(r->drafts) >= r->most; });
      for (DraftRequest* r : asked) feed(batch, states_.at(r->sequence), r->drafts.back(), true);
    }
  }

 private:
  struct State {
    int cache = 0;
    std::vector<std::int32_t> fed{};
  };

  State& state(int sequence) {
    auto [found, fresh] = states_.try_emplace(sequence);
    if (fresh) found->second.cache = runner_->cache().open();
    return found->second;
  }

  void keep_common(State& s, std::span<const std::int32_t> tokens) {
    const auto limit = std::min(s.fed.size(), tokens.size() - 1);  // the last token is always fed: its logits are asked
    std::size_t common = 0;
    while (common < limit && s.fed[common] == tokens[common]) ++common;
    s.fed.resize(common);
    runner_->cache().commit(s.cache, static_cast<int>(common));
  }

  // A long beginning is read in chunks of its own.
  void read_ahead(State& s, std::span<const std::int32_t> tokens) {
    constexpr std::size_t kChunk = 256;
    while (tokens.size() - s.fed.size() > kChunk) {
      RowBatch batch;
      for (std::size_t i = 0; i < kChunk; ++i) feed(batch, s, tokens[s.fed.size()], false);
      runner_->run(batch);
      runner_->cache().commit(s.cache, static_cast<int>(s.fed.size()));
    }
  }

  void feed(RowBatch& batch, State& s, std::int32_t token, bool logits) {
    const auto place = static_cast<std::int32_t>(s.fed.size());
    batch.add(token, s.cache, place, place, logits);
    s.fed.push_back(token);
  }

  void run(const RowBatch& batch, std::span<DraftRequest* const> asked) {
    const std::span<const float> logits = runner_->run(batch);
    const auto width = static_cast<std::size_t>(runner_->vocabulary());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const std::span<const float> row = logits.subspan(i * width, width);
      asked[i]->drafts.push_back(likeliest(row));
      const State& s = states_.at(asked[i]->sequence);
      runner_->cache().commit(s.cache, static_cast<int>(s.fed.size()));
    }
  }

  std::unique_ptr<Runner> runner_;
  std::map<int, State> states_;
};

}  // namespace

std::unique_ptr<Drafter> model_drafter(std::unique_ptr<Runner> runner, std::int64_t target_vocabulary) {
  if (runner->vocabulary() != target_vocabulary)
    fail("the drafter's vocabulary has {} tokens, the model's {}; both must be the same", runner->vocabulary(),
         target_vocabulary);
  return std::make_unique<ModelDrafter>(std::move(runner));
}

}  // namespace frugal
