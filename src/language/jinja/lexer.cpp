#include "language/jinja/lexer.h"

#include <charconv>

#include "base/check.h"
#include "language/tokenizer/unicode.h"

namespace frugal::jinja {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Lexer {
 public:
  explicit Lexer(std::string_view source) {
    for (std::size_t i = 0; i < source.size(); ++i) {  // every kind of line end is "\n"
      if (source[i] != '\r')
        text_ += source[i];
      else if (source.substr(i, 2) != "\r\n")
        text_ += '\n';
    }
    source_ = text_;
    if (source_.ends_with('\n')) source_.remove_suffix(1);
  }

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const std::size_t open = next_open();
      text(open);
      if (at_ >= source_.size()) break;
      const char kind = source_[at_ + 1];
      at_ += 2;
      if (at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+')) ++at_;
      if (kind == '#')
        comment();
      else if (kind == '%' && raw_begins())
        raw();
      else
        inside(kind == '%');
    }
    tokens_.push_back({Token::Kind::end, "", line_});
    return std::move(tokens_);
  }

 private:
  std::size_t next_open() const {
    for (std::size_t i = at_; i + 1 < source_.size(); ++i)
      if (source_[i] == '{' && (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) return i;
    return source_.size();
  }

  void count_lines(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) line_ += source_[i] == '\n';
  }

  // The text up to `open`, without the white space that the tags around it take.
  void text(std::size_t open) {
    std::size_t begin = at_, end = open;
    const int line = line_;
    if (trim_all_) {
      while (begin < end && is_space(source_[begin])) ++begin;
    } else if (trim_newline_ && begin < end) {
      if (source_[begin] == '\n') ++begin;
    }
    trim_all_ = trim_newline_ = false;
    if (open < source_.size()) {
      const char mode = open + 2 < source_.size() ? source_[open + 2] : ' ';
      if (mode == '-') {
        while (end > begin && is_space(source_[end - 1])) --end;
      } else if (mode != '+' && source_[open + 1] != '{') {
        std::size_t start = end;
        while (start > begin && is_space(source_[start - 1]) && source_[start - 1] != '\n') --start;
        // Only where nothing but white space stands before the tag on its line.
        if (start == 0 || source_[start - 1] == '\n') end = start;
      }
    }
    count_lines(at_, open);
    if (end > begin) tokens_.push_back({Token::Kind::text, std::string(source_.substr(begin, end - begin)), line});
    at_ = open;
  }

  void comment() {
    const std::size_t close = source_.find("#}", at_);
    if (close == source_.npos) fail_at(line_, "a '{#' without its '#}'");
    count_lines(at_, close);
    const char mode = close > at_ ? source_[close - 1] : ' ';
    trim_all_ = mode == '-';
    trim_newline_ = mode != '+';
    at_ = close + 2;
  }

  // Whether "{% name %}" stands here, after its "{%"; moves behind it.
  bool tag_called(std::string_view name) {
    std::size_t i = at_;
    while (i < source_.size() && is_space(source_[i])) ++i;
    if (!source_.substr(i).starts_with(name)) return false;
    i += name.size();
    while (i < source_.size() && is_space(source_[i])) ++i;
    bool trim = false, keep = false;
    if (i < source_.size() && (source_[i] == '-' || source_[i] == '+')) {
      trim = source_[i] == '-';
      keep = source_[i++] == '+';
    }
    if (!source_.substr(i).starts_with("%}")) return false;
    count_lines(at_, i);
    at_ = i + 2;
    trim_all_ = trim;
    trim_newline_ = !keep;
    return true;
  }
  bool raw_begins() { return tag_called("raw"); }

  void raw() {
    const int begun = line_;
    trim_newline_ = false;
    for (std::size_t i = at_; (i = source_.find("{%", i)) != source_.npos; ++i) {
      const std::size_t from = at_;
      const bool trims = trim_all_, newline = trim_newline_;
      const int line = line_;
      at_ = i + 2;
      if (at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+')) ++at_;
      if (tag_called("endraw")) {
        const std::size_t behind = at_;
        const bool trims_after = trim_all_, newline_after = trim_newline_;
        at_ = from, line_ = line, trim_all_ = trims, trim_newline_ = newline;
        text(i);
        at_ = behind, trim_all_ = trims_after, trim_newline_ = newline_after;
        return;
      }
      at_ = from;
    }
    fail_at(begun, "a 'raw' without its 'endraw'");
  }

  void inside(bool block) {
    using Kind = Token::Kind;
    const int begun = line_;
    add(block ? Kind::block_begin : Kind::print_begin, "");
    const std::string_view close = block ? "%}" : "}}";
    std::string open;  // brackets
    for (;;) {
      while (at_ < source_.size() && is_space(source_[at_])) line_ += source_[at_++] == '\n';
      const std::string_view rest = source_.substr(at_);
      if (rest.empty())
        fail_at(begun, std::string("a '") + (block ? "{%" : "{{") + "' without its '" + std::string(close) + "'");
      const bool sign = rest[0] == '-' || rest[0] == '+';
      if (open.empty() && (rest.starts_with(close) || (sign && rest.substr(1).starts_with(close)))) {
        at_ += 2 + (sign ? 1 : 0);
        trim_all_ = rest[0] == '-';
        trim_newline_ = block && rest[0] != '+';
        return add(block ? Kind::block_end : Kind::print_end, "");
      }
      one(rest, open);
    }
  }

  void one(std::string_view rest, std::string& open) {
    const char c = rest[0];
    if (begins_name(c)) {
      std::size_t n = 1;
      while (n < rest.size() && (begins_name(rest[n]) || is_digit(rest[n]))) ++n;
      add(Token::Kind::name, std::string(rest.substr(0, n)));
      at_ += n;
    } else if (is_digit(c)) {
      number(rest);
    } else if (c == '"' || c == '\'') {
      string(c);
    } else {
      sign(rest, open);
    }
  }

  void sign(std::string_view rest, std::string& open) {
    for (std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
      if (rest.starts_with(two)) {
        add(Token::Kind::sign, std::string(two));
        at_ += 2;
        return;
      }
    const char c = rest[0];
    if (std::string_view("+-*/%~<>=()[]{}.,:|").find(c) == std::string_view::npos)
      fail_at(line_,
              fmt::format("the character {} is not expected", c < 0 || c < ' ' ? "here" : std::string("'") + c + "'"));
    if (c == '(' || c == '[' || c == '{') open += c;
    if (c == ')' || c == ']' || c == '}') {
      const char wanted = c == ')' ? '(' : c == ']' ? '[' : '{';
      if (open.empty() || open.back() != wanted) fail_at(line_, std::string("a '") + c + "' closes nothing");
      open.pop_back();
    }
    add(Token::Kind::sign, std::string(1, c));
    ++at_;
  }

  void number(std::string_view rest) {
    std::size_t n = 0;
    auto digits = [&] {
      while (n < rest.size() && (is_digit(rest[n]) || rest[n] == '_')) ++n;
    };
    digits();
    bool real = false;
    if (n + 1 < rest.size() && rest[n] == '.' && is_digit(rest[n + 1])) real = true, ++n, digits();
    if (n + 1 < rest.size() && (rest[n] == 'e' || rest[n] == 'E')) {
      const std::size_t mark = n++;
      if (rest[n] == '-' || rest[n] == '+') ++n;
      if (n < rest.size() && is_digit(rest[n]))
        real = true, digits();
      else
        n = mark;
    }
    std::string text;
    for (char c : rest.substr(0, n))
      if (c != '_') text += c;
    Token token{real ? Token::Kind::real : Token::Kind::integer, text, line_};
    const char* end = text.data() + text.size();
    const auto parsed =
        real ? std::from_chars(text.data(), end, token.real) : std::from_chars(text.data(), end, token.integer);
    if (parsed.ec != std::errc() || parsed.ptr != end)
      fail_at(line_, "the number " + text.substr(0, 40) + " is too large");
    tokens_.push_back(std::move(token));
    at_ += n;
  }

  void string(char quote) {
    const int begun = line_;
    std::string text;
    for (++at_;; ++at_) {
      if (at_ >= source_.size()) fail_at(begun, "a string does not end");
      char c = source_[at_];
      if (c == quote) break;
      if (c == '\n') ++line_;
      if (c != '\\') {
        text += c;
        continue;
      }
      if (++at_ >= source_.size()) fail_at(begun, "a string does not end");
      escape(text);
    }
    ++at_;
    tokens_.push_back({Token::Kind::string, std::move(text), begun});
  }

  void escape(std::string& text) {
    const char c = source_[at_];
    switch (c) {
      case 'n': text += '\n'; break;
      case 't': text += '\t'; break;
      case 'r': text += '\r'; break;
      case 'b': text += '\b'; break;
      case 'f': text += '\f'; break;
      case 'v': text += '\v'; break;
      case 'a': text += '\a'; break;
      case '\n': ++line_; break;
      case '\\':
      case '\'':
      case '"': text += c; break;
      case 'x': hexadecimal(text, 2); break;
      case 'u': hexadecimal(text, 4); break;
      case 'U': hexadecimal(text, 8); break;
      case '0': text += '\0'; break;
      default: (text += '\\') += c;  // as Python
    }
  }

  void hexadecimal(std::string& text, std::size_t digits) {
    char32_t code = 0;
    const char* begin = source_.data() + at_ + 1;
    const char* end = source_.data() + std::min(at_ + 1 + digits, source_.size());
    std::uint32_t value = 0;
    const auto parsed = std::from_chars(begin, end, value, 16);
    code = value;
    if (parsed.ptr != begin + digits || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail_at(line_, "a broken escape in a string");
    append_utf8(text, code);
    at_ += digits;
  }

  void add(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  std::string text_;
  std::string_view source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool trim_all_ = false, trim_newline_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

void fail_at(int line, const std::string& message) { fail("line {}: {}", line, message); }

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace frugal::jinja
