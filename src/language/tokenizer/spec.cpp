#include "language/tokenizer/spec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/check.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

// GPT-2's mapping: what is printable in Latin-1 stands for itself, the other 68 bytes for U+0100 and on.
struct Printable {
  std::array<char32_t, 256> code{};
  std::array<int, 0x144> byte{};
  Printable() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (char32_t b = 0; b < 256; ++b) {
      const bool itself = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      code[b] = itself ? b : next++;
      byte[code[b]] = static_cast<int>(b);
    }
  }
};

const Printable& printable() {
  static const Printable table;
  return table;
}

void check_id(const TokenizerSpec& spec, std::int64_t id, const char* what) {
  require(id >= 0 && id < static_cast<std::int64_t>(spec.tokens.size()), "{} is {}, but the vocabulary has {} tokens",
          what, id, spec.tokens.size());
}

}  // namespace

std::string bytes_of_printable(std::string_view text) {
  std::string bytes;
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const Utf8Char c = decode_char(p, end);
    if (c.code >= printable().byte.size() || printable().byte[c.code] < 0) return std::string(text);
    bytes.push_back(static_cast<char>(printable().byte[c.code]));
    p += c.bytes;
  }
  return bytes;
}

std::string printable_of_bytes(std::string_view bytes) {
  std::string text;
  for (char c : bytes) append_utf8(text, printable().code[static_cast<unsigned char>(c)]);
  return text;
}

void check_spec(const TokenizerSpec& spec) {
  const std::size_t size = spec.tokens.size();
  require(size > 0, "the vocabulary is empty");
  require(size < (1u << 24), "the vocabulary has {} tokens, more than {}", size, (1u << 24) - 1);
  require(spec.types.size() == size, "there are {} token types for {} tokens", spec.types.size(), size);
  if (spec.kind == TokenizerKind::spm || spec.kind == TokenizerKind::unigram) {
    require(spec.scores.size() == size, "there are {} scores for {} tokens", spec.scores.size(), size);
    for (float score : spec.scores) require(!std::isnan(score), "a score of the vocabulary is not a number");
  }
  for (const MergeRule& merge : spec.merges)
    for (std::int32_t id : {merge.left, merge.right, merge.result}) check_id(spec, id, "an id in a merge rule");
  for (const AddedToken& token : spec.added) check_id(spec, token.id, "the id of an added token");
  for (const auto* list : {&spec.before, &spec.after, &spec.end_of_generation})
    for (std::int32_t id : *list) check_id(spec, id, "the id of a special token");
  for (const auto& id : {spec.unknown, spec.bos, spec.eos, spec.eot, spec.pad})
    if (id) check_id(spec, *id, "the id of a special token");
}

void find_end_of_generation(TokenizerSpec& spec) {
  static const std::set<std::string_view> known = {"<|eot_id|>",
                                                   "<|im_end|>",
                                                   "<|end|>",
                                                   "<end_of_turn>",
                                                   "<|endoftext|>",
                                                   "<|end_of_text|>",
                                                   "<|eom_id|>",
                                                   "<EOT>",
                                                   "_<EOT>",
                                                   "<|eot|>",
                                                   "<|return|>",
                                                   "<|call|>",
                                                   "<end_of_utterance>",
                                                   "<｜end▁of▁sentence｜>",
                                                   "<turn|>",
                                                   "[EOS]",
                                                   "<EOS_TOKEN>"};
  std::set<std::int32_t> ids(spec.end_of_generation.begin(), spec.end_of_generation.end());
  for (std::size_t i = 0; i < spec.tokens.size(); ++i)
    if (!spec.tokens[i].empty() && spec.types[i] != TokenType::normal && known.contains(spec.tokens[i]))
      ids.insert(static_cast<std::int32_t>(i));
  if (spec.eos) ids.insert(*spec.eos);
  if (spec.eot) ids.insert(*spec.eot);
  spec.end_of_generation.assign(ids.begin(), ids.end());
}

}  // namespace frugal
