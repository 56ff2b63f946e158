#include "base/check.h"
#include "language/constraint/grammar.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

constexpr int kMaxNesting = 64;
constexpr std::int64_t kMaxRepeat = 10'000;

bool in_name(char c) {
  return c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Parser {
 public:
  explicit Parser(std::string_view text) : p_(text.data()), end_(text.data() + text.size()) {}

  Grammar parse() {
    grammar_.rule("root");
    for (blanks(true); p_ < end_; blanks(true)) {
      const std::string name = need_name();
      blanks(false);
      if (!take("::=")) refuse("'::=' is needed after the name of a rule");
      blanks(true);
      const std::size_t rule = grammar_.rule(name);
      if (grammar_.defined(rule)) refuse("the rule '" + name + "' is defined twice");
      grammar_.define(rule, alternatives(0));
      if (p_ < end_ && *p_ != '\n' && *p_ != '\r') refuse("the end of the line is needed after a rule");
    }
    require(grammar_.defined(0), "the grammar has no rule 'root'");
    return std::move(grammar_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail("the grammar, line {}: {}", line_, what); }

  bool take(std::string_view word) {
    if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(word)) return false;
    p_ += word.size();
    return true;
  }

  // White space and comments; line ends only where the rule may go on behind them.
  void blanks(bool lines) {
    for (; p_ < end_; ++p_) {
      if (*p_ == '#') {
        while (p_ < end_ && *p_ != '\n') ++p_;
        if (p_ == end_) return;
      }
      if (*p_ == '\n' || *p_ == '\r') {
        if (!lines) return;
        line_ += *p_ == '\n';
      } else if (*p_ != ' ' && *p_ != '\t') {
        return;
      }
    }
  }

  std::string need_name() {
    const char* begin = p_;
    while (p_ < end_ && in_name(*p_)) ++p_;
    if (p_ == begin) refuse("the name of a rule is needed");
    return {begin, p_};
  }

  GrammarPtr alternatives(int depth) {
    if (depth > kMaxNesting) refuse("groups are nested too deeply");
    std::vector<GrammarPtr> all{sequence(depth)};
    while (p_ < end_ && *p_ == '|') {
      ++p_;
      blanks(true);
      all.push_back(sequence(depth));
    }
    return Grammar::either(std::move(all));
  }

  GrammarPtr sequence(int depth) {
    std::vector<GrammarPtr> items;
    while (p_ < end_) {
      if (*p_ == '"') {
        items.push_back(literal());
      } else if (*p_ == '[') {
        items.push_back(set());
      } else if (*p_ == '.') {
        ++p_;
        items.push_back(Grammar::chars({}, true));
      } else if (*p_ == '(') {
        ++p_;
        blanks(true);
        items.push_back(alternatives(depth + 1));
        if (!take(")")) refuse("a '(' without its ')'");
      } else if (in_name(*p_)) {
        items.push_back(Grammar::call(grammar_.rule(need_name())));
      } else {
        break;
      }
      blanks(depth > 0);
      repetition(items.back());
      blanks(depth > 0);
    }
    return Grammar::sequence(std::move(items));
  }

  void repetition(GrammarPtr& item) {
    if (take("*"))
      item = Grammar::repeat(item, 0);
    else if (take("+"))
      item = Grammar::repeat(item, 1);
    else if (take("?"))
      item = Grammar::optional(item);
    else if (take("{"))
      bounds(item);
  }

  void bounds(GrammarPtr& item) {
    auto number = [&]() -> std::int64_t {
      blanks(false);
      std::int64_t value = -1;
      for (; p_ < end_ && *p_ >= '0' && *p_ <= '9'; ++p_) {
        value = std::max<std::int64_t>(value, 0) * 10 + (*p_ - '0');
        if (value > kMaxRepeat) refuse(fmt::format("a repetition above {}", kMaxRepeat));
      }
      blanks(false);
      return value;
    };
    const std::int64_t least = number();
    std::int64_t most = least;
    const bool comma = take(",");
    if (comma) most = number();
    if (!take("}") || (least < 0 && most < 0)) refuse("a repetition is {m}, {m,}, {,n} or {m,n}");
    if (most >= 0 && most < least) refuse("a repetition ends before it begins");
    item = Grammar::repeat(item, std::max<std::int64_t>(least, 0), most);
  }

  char32_t character() {
    const Utf8Char c = decode_char(p_, end_);
    if (c.code == kInvalidChar) refuse("bytes that are not UTF-8");
    p_ += c.bytes;
    if (c.code == '\n') refuse("a literal or a set does not end in its line");
    if (c.code != '\\') return c.code;
    if (p_ == end_) refuse("a '\\' at the end");
    const char kind = *p_++;
    switch (kind) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'x': return hexadecimal(2);
      case 'u': return hexadecimal(4);
      case 'U': return hexadecimal(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^': return static_cast<unsigned char>(kind);
      default: refuse(std::string("the escape '\\") + kind + "' is not known");
    }
  }

  char32_t hexadecimal(int digits) {
    char32_t code = 0;
    for (int i = 0; i < digits; ++i) {
      const char c = p_ < end_ ? *p_++ : ' ';
      const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
      if (digit < 0) refuse("a broken hexadecimal escape");
      code = code * 16 + static_cast<char32_t>(digit);
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) refuse("an escape of no character");
    return code;
  }

  GrammarPtr literal() {
    std::string text;
    for (++p_; p_ < end_ && *p_ != '"';) append_utf8(text, character());
    if (!take("\"")) refuse("a literal does not end");
    return Grammar::literal(std::move(text));
  }

  GrammarPtr set() {
    ++p_;
    const bool negated = take("^");
    std::vector<std::pair<char32_t, char32_t>> ranges;
    while (p_ < end_ && *p_ != ']') {
      const char32_t low = character();
      char32_t high = low;
      if (end_ - p_ >= 2 && *p_ == '-' && p_[1] != ']') ++p_, high = character();
      if (high < low) refuse("a range of characters ends before it begins");
      ranges.emplace_back(low, high);
    }
    if (!take("]")) refuse("a '[' without its ']'");
    if (ranges.empty()) refuse("a set without characters");
    return Grammar::chars(std::move(ranges), negated);
  }

  const char* p_;
  const char* end_;
  int line_ = 1;
  Grammar grammar_;
};

}  // namespace

Grammar parse_gbnf(std::string_view text) {
  require(text.size() <= 1u << 20, "the grammar is {} bytes long, more than {}", text.size(), 1u << 20);
  return Parser(text).parse();
}

}  // namespace frugal
