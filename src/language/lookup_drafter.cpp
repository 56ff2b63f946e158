#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/check.h"
#include "language/drafter.h"

namespace frugal {
namespace {

std::uint64_t hash(std::span<const std::int32_t> tokens) {
  std::uint64_t h = 14695981039346656037u;
  for (std::int32_t token : tokens) h = (h ^ static_cast<std::uint32_t>(token)) * 1099511628211u;
  return h;
}

// Where n tokens in a row were last seen: hash -> the place behind them.
class Places {
 public:
  explicit Places(int n) : n_(static_cast<std::size_t>(n)) {}

  // Takes in n-grams that end before `end`.
  void learn(std::span<const std::int32_t> tokens, std::size_t end) {
    for (known_ = std::max(known_, n_ - 1); known_ < end; ++known_)
      places_[hash(tokens.subspan(known_ + 1 - n_, n_))] = known_ + 1;
  }
  // The place in `text`, which was learned, behind the last occurrence of the tokens' end; 0 if there is none.
  std::size_t find(std::span<const std::int32_t> tokens, std::span<const std::int32_t> text) const {
    if (tokens.size() < n_) return 0;
    const std::span<const std::int32_t> key = tokens.last(n_);
    const auto found = places_.find(hash(key));
    if (found == places_.end()) return 0;
    const auto seen = text.subspan(found->second - n_, n_);
    return std::equal(key.begin(), key.end(), seen.begin()) ? found->second : 0;
  }

 private:
  std::size_t n_, known_ = 0;
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

void copy(DraftRequest& request, std::span<const std::int32_t> text, std::size_t from, std::size_t end, int most) {
  const auto count = std::min<std::size_t>(end - from, static_cast<std::size_t>(std::min(most, request.most)));
  const std::span<const std::int32_t> drafts = text.subspan(from, count);
  request.drafts.assign(drafts.begin(), drafts.end());
}

class Lookup final : public Drafter {
 public:
  Lookup(int match, int copy) : match_(match), copy_(copy) {}
  void forget(int sequence) override { tables_.erase(sequence); }
  void propose(std::span<DraftRequest> requests) override {
    for (DraftRequest& r : requests) {
      auto [table, fresh] = tables_.try_emplace(r.sequence, match_);
      // Made once, from the prompt: every place that `copy` tokens follow.
      const auto needed = static_cast<std::size_t>(copy_);
      if (fresh && r.prompt >= needed) table->second.learn(r.tokens, r.prompt - needed);
      if (const std::size_t place = table->second.find(r.tokens, r.tokens)) copy(r, r.tokens, place, r.prompt, copy_);
    }
  }

 private:
  int match_, copy_;
  std::map<int, Places> tables_;
};

class Ngram final : public Drafter {
 public:
  Ngram(int longest, int shortest, std::vector<std::int32_t> text)
      : longest_(longest), shortest_(shortest), text_(std::move(text)), text_tables_(tables()) {
    for (Places& table : text_tables_) learn(table, text_);
  }
  void forget(int sequence) override { tables_.erase(sequence); }
  void propose(std::span<DraftRequest> requests) override {
    for (DraftRequest& r : requests) {
      auto [own, fresh] = tables_.try_emplace(r.sequence);
      if (fresh) own->second = tables();
      for (Places& table : own->second) learn(table, r.tokens);
      draft(r, own->second);
    }
  }

 private:
  std::vector<Places> tables() const {
    std::vector<Places> out;
    for (int n = longest_; n >= shortest_; --n) out.emplace_back(n);
    return out;
  }
  static void learn(Places& table, std::span<const std::int32_t> text) {
    if (!text.empty()) table.learn(text, text.size() - 1);  // not the end itself, which nothing follows
  }
  // The longest match, of two the one in the sequence itself.
  void draft(DraftRequest& r, const std::vector<Places>& own) const {
    for (std::size_t i = 0; i < own.size(); ++i) {
      const int length = longest_ - static_cast<int>(i) - shortest_;
      if (const std::size_t place = own[i].find(r.tokens, r.tokens)) {
        r.sureness = length;
        return copy(r, r.tokens, place, r.tokens.size(), r.most);
      }
      if (const std::size_t place = text_tables_[i].find(r.tokens, text_)) {
        r.sureness = longest_ - shortest_ + 1 + length;
        return copy(r, text_, place, text_.size(), r.most);
      }
    }
  }

  int longest_, shortest_;
  std::vector<std::int32_t> text_;  // of others, beside each sequence's own
  std::vector<Places> text_tables_;
  std::map<int, std::vector<Places>> tables_;
};

class Scripted final : public Drafter {
 public:
  explicit Scripted(std::function<std::vector<std::int32_t>(const DraftRequest&)> script)
      : script_(std::move(script)) {}
  void propose(std::span<DraftRequest> requests) override {
    for (DraftRequest& r : requests) {
      r.drafts = script_(r);
      if (std::ssize(r.drafts) > r.most) r.drafts.resize(static_cast<std::size_t>(r.most));
    }
  }

 private:
  std::function<std::vector<std::int32_t>(const DraftRequest&)> script_;
};

}  // namespace

std::unique_ptr<Drafter> lookup_drafter(int match, int copy) {
  if (match < 1 || copy < 1)
    fail_usage("a look-up drafter matches and copies at least one token, not {} and {}", match, copy);
  return std::make_unique<Lookup>(match, copy);
}
std::unique_ptr<Drafter> ngram_drafter(int longest, int shortest, std::vector<std::int32_t> text) {
  if (shortest < 1 || longest < shortest)
    fail_usage("an n-gram drafter matches {} down to {} tokens; it must be at least 1, the longest first", longest,
               shortest);
  return std::make_unique<Ngram>(longest, shortest, std::move(text));
}
std::unique_ptr<Drafter> scripted_drafter(std::function<std::vector<std::int32_t>(const DraftRequest&)> script) {
  return std::make_unique<Scripted>(std::move(script));
}

}  // namespace frugal
