// What makes up a tokenizer, as data: read from GGUF metadata or from a tokenizer.json, run by Tokenizer.
//
// Text goes through: added tokens are cut out; the rest is normalised (NormalizerStep), cut into words (SplitStage),
// and every word becomes ids by one of four models:
//   bpe         pairs of symbols are joined by rank (Sennrich, Haddow, Birch 2016), from bytes (Radford et al. 2019)
//               or from characters
//   spm         the same with the score of the joined symbol in place of a rank (SentencePiece, Kudo and Richardson
//   2018) unigram     the cut of the largest sum of scores (Kudo 2018) word_piece  the longest piece first (Schuster
//   and Nakajima 2012; BERT)
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "language/tokenizer/split_pattern.h"

namespace frugal {

struct Gguf;

enum class TokenizerKind { bpe, spm, unigram, word_piece };

// The numbers are GGUF's (tokenizer.ggml.token_type).
enum class TokenType : std::uint8_t { normal = 1, unknown, control, user_defined, unused, byte };

struct MergeRule {
  std::int32_t left, right, result;
};

// A token that is found in the text before anything else.
struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool special = false;      // found only where special tokens are parsed
  bool normalized = false;   // looked for in the normalised text
  bool left_strip = false;   // takes the white space before it
  bool right_strip = false;  // and after it
  bool single_word = false;  // found only between characters that belong to no word
};

struct NormalizerStep {
  enum class Kind {
    nfc,
    nfd,
    nfkc,
    nfkd,
    lowercase,
    strip_accents,  // strip_accents: takes marks away, after a decomposition
    prepend,
    replace,
    strip_left,
    strip_right,
    clean,         // BERT: no control characters, every white space is a blank
    space_han,     // BERT: blanks around ideographs
    bert_accents,  // decomposes, then takes non-spacing marks away
  } kind;
  std::string from{}, to{};                       // of replace; prepend has `to`
  std::shared_ptr<const SplitPattern> pattern{};  // of replace, instead of `from`
};

struct TokenizerSpec {
  TokenizerKind kind = TokenizerKind::bpe;
  std::string name;                 // for messages: the kind or the pre-tokeniser's name
  std::vector<std::string> tokens;  // by id: raw bytes where byte_level, else text
  std::vector<TokenType> types;     // by id
  std::vector<float> scores;        // by id, for spm and unigram
  std::vector<MergeRule> merges;    // best first, for bpe
  std::vector<AddedToken> added;
  std::vector<NormalizerStep> normalizer;
  std::vector<SplitStage> splits;  // each cuts the pieces of the one before

  bool byte_level = false;           // symbols are bytes, not characters
  bool marks_are_blanks = false;     // U+2581 is a blank in decoded text
  bool byte_fallback = false;        // what no token covers becomes tokens of single bytes (<0x41>)
  bool fuse_unknown = false;         // neighbouring unknown characters are one unknown token
  bool ignore_merges = false;        // a word that is a token is that token
  std::string continuing = "##";     // begins the pieces of a word after the first, for word_piece
  std::string end_of_word;           // ends every word, for bpe
  std::size_t max_word_chars = 100;  // a longer word is unknown, for word_piece

  std::vector<std::int32_t> before, after;  // ids that add_special puts around a text
  std::optional<std::int32_t> unknown, bos, eos, eot, pad;
  std::vector<std::int32_t> end_of_generation;
  std::string chat_template;         // empty where there is none
  bool strip_leading_blank = false;  // of a decoded text
};

// Error where something does not fit together: ids beyond the vocabulary, scores missing.
void check_spec(const TokenizerSpec& spec);

// A fixed mapping of the 256 bytes to printable characters, by which byte-level vocabularies are written.
std::string bytes_of_printable(std::string_view text);  // what is outside the mapping stays as it is
std::string printable_of_bytes(std::string_view bytes);

// The pre-tokeniser of a GGUF file by its name (tokenizer.ggml.pre); Error that lists the known ones.
void set_pre_tokenizer(TokenizerSpec& spec, const std::string& name);
SplitStage gpt2_split();

// Puts ids whose text is known to end an answer ("<|im_end|>", "<|eot_id|>", ...) beside eos and eot.
void find_end_of_generation(TokenizerSpec& spec);

// The mark that stands for a blank in SentencePiece's vocabularies, U+2581.
inline constexpr std::string_view kBlankMark = "\xE2\x96\x81";

// Of a GGUF file's metadata; and of the text of a tokenizer.json, where `config` is the text of the
// tokenizer_config.json beside it, or empty.
TokenizerSpec spec_from_gguf(const Gguf& gguf);
TokenizerSpec spec_from_json(std::string_view tokenizer, std::string_view config);

}  // namespace frugal
