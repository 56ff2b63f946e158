// The longest piece that fits, again and again; a word that does not come out is unknown as a whole.
#include "language/tokenizer/byte_trie.h"
#include "language/tokenizer/unicode.h"
#include "language/tokenizer/word_model.h"

namespace frugal {
namespace {

class WordPieceModel : public WordModel {
 public:
  explicit WordPieceModel(const TokenizerSpec& spec) : spec_(spec) {
    std::vector<std::pair<std::string_view, std::int32_t>> first, further;
    for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
      const std::string_view token = spec.tokens[i];
      if (!is_text_token(spec.types[i])) continue;
      first.emplace_back(token, static_cast<std::int32_t>(i));
      if (token.starts_with(spec.continuing))
        further.emplace_back(token.substr(spec.continuing.size()), static_cast<std::int32_t>(i));
    }
    first_ = ByteTrie(std::move(first));
    further_ = ByteTrie(std::move(further));
  }

  void encode(std::string_view word, std::vector<std::int32_t>& ids, WordScratch&) const override {
    const std::size_t start = ids.size();
    bool known = chars(word) <= spec_.max_word_chars;
    for (std::string_view rest = word; known && !rest.empty();) {
      const auto [id, size] = (rest.size() == word.size() ? first_ : further_).longest(rest);
      known = id >= 0;
      if (!known) break;
      ids.push_back(id);
      rest.remove_prefix(size);
    }
    if (known) return;
    ids.resize(start);
    if (spec_.unknown) ids.push_back(*spec_.unknown);
  }

 private:
  static std::size_t chars(std::string_view word) {
    std::size_t count = 0;
    for (char c : word) count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80;
    return count;
  }

  const TokenizerSpec& spec_;
  ByteTrie first_, further_;
};

}  // namespace

std::unique_ptr<WordModel> word_piece_model(const TokenizerSpec& spec) {
  return std::make_unique<WordPieceModel>(spec);
}

}  // namespace frugal
