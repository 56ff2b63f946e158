#include "language/tokenizer/added_tokens.h"

#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

bool in_word(char32_t code) {
  return code != kInvalidChar &&
         (category_bit(code) & (category::L | category::M | category::Nd | category::Nl | category::Pc)) != 0;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  const char* data = text.data();
  if (begin > 0 && in_word(decode_char(previous_char(data, data + begin), data + text.size()).code)) return false;
  return end == text.size() || !in_word(decode_char(data + end, data + text.size()).code);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string_view, std::int32_t>> strings;
  for (std::size_t i = 0; i < tokens_.size(); ++i)
    strings.emplace_back(tokens_[i].content, static_cast<std::int32_t>(i));
  trie_ = ByteTrie(std::move(strings));
}

AddedTokens::Found AddedTokens::find(std::string_view text, std::size_t from) const {
  const char* data = text.data();
  const char* end = data + text.size();
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!trie_.begins(static_cast<unsigned char>(text[at]))) continue;
    const auto [index, size] = trie_.longest(text.substr(at));
    if (index < 0) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(index)];
    Found found{at, at + size, token.id};
    if (token.single_word && !stands_alone(text, found.begin, found.end)) continue;
    while (token.left_strip && found.begin > from) {
      const char* before = previous_char(data, data + found.begin);
      if (!is_white_space(decode_char(before, end).code)) break;
      found.begin = static_cast<std::size_t>(before - data);
    }
    while (token.right_strip && found.end < text.size()) {
      const Utf8Char c = decode_char(data + found.end, end);
      if (!is_white_space(c.code)) break;
      found.end += c.bytes;
    }
    return found;
  }
  return {text.npos, text.npos, -1};
}

}  // namespace frugal
