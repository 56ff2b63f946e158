// The cut of a word with the largest sum of scores (T. Kudo, Subword Regularization, 2018), found by Viterbi's search.
#include <algorithm>
#include <limits>

#include "language/tokenizer/byte_trie.h"
#include "language/tokenizer/unicode.h"
#include "language/tokenizer/word_model.h"

namespace frugal {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score, as SentencePiece has it

class UnigramModel : public WordModel {
 public:
  explicit UnigramModel(const TokenizerSpec& spec) : spec_(spec), unknown_(spec) {
    std::vector<std::pair<std::string_view, std::int32_t>> strings;
    double lowest = 0;
    for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
      if (spec.types[i] != TokenType::normal) continue;
      strings.emplace_back(spec.tokens[i], static_cast<std::int32_t>(i));
      lowest = strings.size() == 1 ? spec.scores[i] : std::min<double>(lowest, spec.scores[i]);
    }
    trie_ = ByteTrie(std::move(strings));
    unknown_score_ = lowest - kUnknownPenalty;
  }

  void encode(std::string_view word, std::vector<std::int32_t>& ids, WordScratch& scratch) const override {
    auto& path = scratch.path;
    path.assign(word.size() + 1, {-std::numeric_limits<double>::infinity(), 0, -1});
    path[0].score = 0;
    const char* end = word.data() + word.size();
    for (std::uint32_t start = 0; start < word.size();) {
      const std::uint32_t size = decode_char(word.data() + start, end).bytes;
      bool single = false;
      auto offer = [&](std::size_t stop, double score, std::int32_t id) {
        if (path[start].score + score > path[stop].score) path[stop] = {path[start].score + score, start, id};
      };
      std::uint32_t node = ByteTrie::kRoot;
      for (std::size_t i = start; i < word.size(); ++i) {
        node = trie_.child(node, static_cast<unsigned char>(word[i]));
        if (node == ByteTrie::kNone) break;
        if (const std::int32_t id = trie_[node].id; id >= 0) {
          offer(i + 1, spec_.scores[static_cast<std::size_t>(id)], id);
          single = single || i + 1 == start + size;
        }
      }
      if (!single) offer(start + size, unknown_score_, -1);
      start += size;
    }
    append(word, ids, scratch);
  }

 private:
  void append(std::string_view word, std::vector<std::int32_t>& ids, WordScratch& scratch) const {
    auto& ends = scratch.ids;
    ends.clear();
    for (std::size_t at = word.size(); at > 0; at = scratch.path[at].from)
      ends.push_back(static_cast<std::int32_t>(at));
    const std::size_t word_start = ids.size();
    for (std::size_t i = ends.size(); i-- > 0;) {
      const auto& step = scratch.path[static_cast<std::size_t>(ends[i])];
      if (step.id >= 0)
        ids.push_back(step.id);
      else
        unknown_.append(word.substr(step.from, static_cast<std::size_t>(ends[i]) - step.from), ids, word_start);
    }
  }

  const TokenizerSpec& spec_;
  UnknownText unknown_;
  ByteTrie trie_;
  double unknown_score_ = 0;
};

}  // namespace

std::unique_ptr<WordModel> unigram_model(const TokenizerSpec& spec) { return std::make_unique<UnigramModel>(spec); }

}  // namespace frugal
