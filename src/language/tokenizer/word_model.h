// From a word to ids: the last step of a tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "language/tokenizer/merge_symbols.h"
#include "language/tokenizer/spec.h"

namespace frugal {

// Memory that the words of one text share.
struct WordScratch {
  MergeScratch merge;
  struct Step {
    double score;
    std::uint32_t from;
    std::int32_t id;
  };
  std::vector<Step> path;
  std::vector<std::int32_t> ids;
};

class WordModel {
 public:
  virtual ~WordModel() = default;
  // Appends the ids of a word that is not empty. Several threads may call this at once.
  virtual void encode(std::string_view word, std::vector<std::int32_t>& ids, WordScratch& scratch) const = 0;
};

// The spec must live as long as the model.
std::unique_ptr<WordModel> merge_model(const TokenizerSpec& spec);  // bpe, spm
std::unique_ptr<WordModel> unigram_model(const TokenizerSpec& spec);
std::unique_ptr<WordModel> word_piece_model(const TokenizerSpec& spec);

// Ids of the tokens of single bytes, -1 where there is none.
std::vector<std::int32_t> fallback_bytes(const TokenizerSpec& spec);
// The byte of a token like <0x4A>, or -1.
int fallback_byte(std::string_view token);

// Appends what stands for characters that no token covers.
class UnknownText {
 public:
  explicit UnknownText(const TokenizerSpec& spec) : spec_(&spec), bytes_(fallback_bytes(spec)) {}
  void append(std::string_view text, std::vector<std::int32_t>& ids, std::size_t word_start) const;

 private:
  const TokenizerSpec* spec_;
  std::vector<std::int32_t> bytes_;
};

// True for tokens that text may turn into (not control tokens and the like).
inline bool is_text_token(TokenType type) { return type == TokenType::normal || type == TokenType::user_defined; }

}  // namespace frugal
