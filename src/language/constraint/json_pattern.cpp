// Regular expressions of JSON Schema's "pattern" as grammars of JSON strings.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "language/constraint/json_rules.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

using G = Grammar;
using Parts = std::vector<GrammarPtr>;
using Ranges = std::vector<std::pair<char32_t, char32_t>>;

constexpr int kMaxDepth = 32;
constexpr std::int64_t kMaxCount = 10'000;
constexpr char32_t kLast = 0x10FFFF;

Ranges complement(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges out;
  char32_t next = 0;
  for (const auto& [low, high] : ranges) {
    if (low > next) out.emplace_back(next, low - 1);
    next = std::max<char32_t>(next, high + 1);
  }
  if (next <= kLast) out.emplace_back(next, kLast);
  return out;
}

// A character of the set as it stands in a JSON string: what must be escaped is, in one way.
GrammarPtr written(const Ranges& ranges) {
  auto has = [&](char32_t c) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const auto& r) { return r.first <= c && c <= r.second; });
  };
  Parts parts;
  Ranges plain = complement(ranges);  // what is not in the set, and what cannot stand as it is
  plain.insert(plain.end(), {{0, 0x1F}, {'"', '"'}, {'\\', '\\'}});
  plain = complement(std::move(plain));
  if (!plain.empty()) parts.push_back(G::chars(plain));
  for (char32_t c = 0; c < 0x20; ++c) {
    if (!has(c)) continue;
    const std::size_t known = std::u32string_view(U"\b\f\n\r\t").find(c);
    parts.push_back(G::literal(known == std::u32string_view::npos ? fmt::format("\\u{:04x}", static_cast<unsigned>(c))
                                                                  : std::string("\\") + "bfnrt"[known]));
  }
  if (has('"')) parts.push_back(G::literal("\\\""));
  if (has('\\')) parts.push_back(G::literal("\\\\"));
  return G::either(std::move(parts));
}

class PatternReader {
 public:
  PatternReader(std::string_view text, GrammarPtr any)
      : text_(text), p_(text.data()), end_(text.data() + text.size()), any_(std::move(any)) {}

  GrammarPtr read() {
    GrammarPtr made = alternatives(0);
    if (p_ != end_) refuse("a ')' that closes nothing");
    return made;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    fail("'pattern' uses {} (at byte {}), which is not supported", what, p_ - text_.data());
  }
  bool at(char c) const { return p_ < end_ && *p_ == c; }
  bool take(std::string_view word) {
    if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(word)) return false;
    p_ += word.size();
    return true;
  }

  GrammarPtr alternatives(int depth) {
    if (depth > kMaxDepth) refuse("groups nested too deeply");
    Parts out;
    do out.push_back(sequence(depth));
    while (take("|"));
    return G::either(std::move(out));
  }

  // Outside of groups a match may stand anywhere in the text, unless it is anchored.
  GrammarPtr sequence(int depth) {
    Parts parts;
    const GrammarPtr anything = G::repeat(any_, 0);
    if (depth == 0 && !take("^")) parts.push_back(anything);
    bool anchored = false;
    while (p_ < end_ && *p_ != ')' && *p_ != '|') {
      if (anchored) refuse("'$' before the end");
      if (depth == 0 && take("$"))
        anchored = true;
      else
        parts.push_back(quantified(element(depth)));
    }
    if (depth == 0 && !anchored) parts.push_back(anything);
    return G::sequence(std::move(parts));
  }

  GrammarPtr element(int depth) {
    if (take("(")) {
      if (at('?') && !take("?:")) refuse("a group of this kind");
      GrammarPtr made = alternatives(depth + 1);
      if (!take(")")) refuse("a '(' without its ')'");
      return made;
    }
    if (take("[")) return set();
    if (take(".")) return written(complement({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
    if (at('^') || at('$')) refuse(fmt::format("'{}' in the middle", *p_));
    if (at('*') || at('+') || at('?') || at('{')) refuse("a repetition of nothing");
    Ranges ranges;
    char32_t code = 0;
    if (character(ranges, code)) ranges.emplace_back(code, code);
    return written(ranges);
  }

  GrammarPtr quantified(GrammarPtr made) {
    std::int64_t least = 1, most = 1;
    if (take("?"))
      least = 0;
    else if (take("*"))
      least = 0, most = -1;
    else if (take("+"))
      most = -1;
    else if (take("{"))
      bounds(least, most);
    else
      return made;
    take("?");  // the shortest first is the same set of texts
    if (at('*') || at('+') || at('?') || at('{')) refuse("a repetition of a repetition");
    return G::repeat(std::move(made), least, most);
  }

  void bounds(std::int64_t& least, std::int64_t& most) {
    auto number = [&] {
      std::int64_t value = 0;
      if (p_ == end_ || *p_ < '0' || *p_ > '9') refuse("a '{' without a number");
      for (; p_ < end_ && *p_ >= '0' && *p_ <= '9'; ++p_)
        if ((value = value * 10 + (*p_ - '0')) > kMaxCount) refuse(fmt::format("a repetition above {}", kMaxCount));
      return value;
    };
    least = most = number();
    if (take(",")) most = at('}') ? -1 : number();
    if (!take("}")) refuse("a '{' without its '}'");
    if (most >= 0 && most < least) refuse("a repetition that ends before it begins");
  }

  GrammarPtr set() {
    const bool negated = take("^");
    Ranges ranges;
    while (!at(']')) {
      char32_t low = 0, high = 0;
      if (!character(ranges, low)) continue;
      high = low;
      if (at('-') && p_ + 1 < end_ && p_[1] != ']') {
        ++p_;
        if (!character(ranges, high)) refuse("a range that ends in a class");
        if (high < low) refuse("a range that ends before it begins");
      }
      ranges.emplace_back(low, high);
    }
    ++p_;
    if (negated) ranges = complement(ranges);
    if (ranges.empty()) refuse("an empty set");
    return written(ranges);
  }

  // True with the character; false where a class was added to the ranges instead.
  bool character(Ranges& ranges, char32_t& code) {
    if (p_ == end_) refuse("an end in the middle");
    if (*p_ != '\\') {
      const Utf8Char c = decode_char(p_, end_);
      code = c.code;
      p_ += c.bytes;
      return true;
    }
    if (++p_ == end_) refuse("a '\\' at its end");
    const char kind = *p_++;
    if (const auto control = control_escape(kind)) {
      code = *control;
      return true;
    }
    const bool complemented = kind == 'D' || kind == 'W' || kind == 'S';
    Ranges named;
    switch (kind) {
      case 'x': code = hexadecimal(2); return true;
      case 'u': code = hexadecimal(4); return true;
      case 'd':
      case 'D': named = {{'0', '9'}}; break;
      case 'w':
      case 'W': named = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}; break;
      case 's':
      case 'S':
        named = {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                 {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
        break;
      default:
        if ((kind >= '0' && kind <= '9') || (kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z'))
          refuse(std::string("the escape '\\") + kind + "'");
        code = static_cast<unsigned char>(kind);
        if (code >= 0x80) refuse("an escape of no ASCII character");
        return true;
    }
    if (complemented) named = complement(named);
    ranges.insert(ranges.end(), named.begin(), named.end());
    return false;
  }

  char32_t hexadecimal(int digits) {
    char32_t code = 0;
    for (int i = 0; i < digits; ++i, ++p_) {
      const char c = p_ < end_ ? *p_ : ' ';
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) refuse("a broken hexadecimal escape");
      code = code * 16 + static_cast<char32_t>(digit);
    }
    if (code >= 0xD800 && code < 0xE000) refuse("half of a character");
    return code;
  }

  std::string_view text_;
  const char* p_;
  const char* end_;
  GrammarPtr any_;
};

}  // namespace

GrammarPtr JsonRules::string_like(std::string_view pattern) {
  return G::sequence({G::literal("\""), PatternReader(pattern, character()).read(), G::literal("\"")});
}

}  // namespace frugal
