// Reads the part of regular expressions that split patterns use.
#include <map>
#include <string>

#include "base/check.h"
#include "language/tokenizer/split_program.h"
#include "language/tokenizer/unicode.h"

namespace frugal {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::uint32_t kMany = 0xFFFFFFFF;

void fill_ascii(CharSet& set) {
  for (char32_t c = 0; c < 0x80; ++c)
    if (set.contains_wide(c)) set.ascii[c >> 6] |= std::uint64_t{1} << (c & 63);
}

std::uint32_t categories_called(std::string_view name) {
  using namespace category;
  static const std::map<std::string_view, std::uint32_t> known = {
      {"L", L},   {"Lu", Lu}, {"Ll", Ll}, {"Lt", Lt}, {"Lm", Lm}, {"Lo", Lo}, {"M", M},   {"Mn", Mn}, {"Mc", Mc},
      {"Me", Me}, {"N", N},   {"Nd", Nd}, {"Nl", Nl}, {"No", No}, {"P", P},   {"Pc", Pc}, {"Pd", Pd}, {"Ps", Ps},
      {"Pe", Pe}, {"Pi", Pi}, {"Pf", Pf}, {"Po", Po}, {"S", S},   {"Sm", Sm}, {"Sc", Sc}, {"Sk", Sk}, {"So", So},
      {"Z", Z},   {"Zs", Zs}, {"Zl", Zl}, {"Zp", Zp}, {"C", C},   {"Cc", Cc}, {"Cf", Cf}, {"Cn", Cn}, {"Co", Co}};
  auto found = known.find(name);
  return found == known.end() ? 0 : found->second;
}

class Parser {
 public:
  explicit Parser(std::string_view regex) : text_(regex), p_(regex.data()), end_(regex.data() + regex.size()) {}

  SplitPattern::Program parse() {
    require(text_.size() <= 16384, "the pattern is {} bytes long, more than 16384", text_.size());
    program_.alternatives = alternatives(0);
    if (p_ != end_) refuse("a ')' that closes nothing");
    if (program_.alternatives.size() > 64) refuse("more than 64 alternatives");
    for (std::size_t i = 0; i < program_.alternatives.size(); ++i) {
      bool open = begin_bytes(program_.alternatives[i], std::uint64_t{1} << i);
      if (open)
        for (std::uint64_t& bits : program_.may_begin) bits |= std::uint64_t{1} << i;
    }
    return std::move(program_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail("the pattern '{}' uses {} (at byte {}), which is not supported", std::string(text_.substr(0, 200)), what,
         p_ - text_.data());
  }

  bool at(char c) const { return p_ < end_ && *p_ == c; }
  bool take(std::string_view word) {
    if (!std::string_view(p_, static_cast<std::size_t>(end_ - p_)).starts_with(word)) return false;
    p_ += word.size();
    return true;
  }

  std::vector<SplitSequence> alternatives(int depth) {
    if (depth > kMaxDepth) refuse("groups nested too deeply");
    std::vector<SplitSequence> result(1);
    while (p_ < end_ && *p_ != ')') {
      if (take("|"))
        result.emplace_back();
      else
        result.back().push_back(element(depth));
    }
    return result;
  }

  SplitElement element(int depth) {
    SplitElement made;
    if (take("(?=")) {
      made.kind = SplitElement::Kind::ahead;
    } else if (take("(?!")) {
      made.kind = SplitElement::Kind::not_ahead;
    } else if (take("(?i:")) {
      const bool outer = ignore_case_;
      ignore_case_ = true;
      made = group(depth);
      ignore_case_ = outer;
      return quantified(std::move(made));
    } else if (take("(?:")) {
      return quantified(group(depth));
    } else if (at('(')) {
      if (++p_; at('?')) refuse("a group of this kind");
      return quantified(group(depth));
    } else if (take("$")) {
      made.kind = SplitElement::Kind::text_end;
      return made;
    } else {
      program_.sets.push_back(set());
      made.set = static_cast<int>(program_.sets.size()) - 1;
      return quantified(std::move(made));
    }
    made.alternatives = group(depth).alternatives;
    return made;
  }

  SplitElement group(int depth) {
    SplitElement made;
    made.kind = SplitElement::Kind::group;
    made.alternatives = alternatives(depth + 1);
    if (!take(")")) refuse("a group without its ')'");
    return made;
  }

  SplitElement quantified(SplitElement made) {
    if (take("?"))
      made.least = 0;
    else if (take("*"))
      made.least = 0, made.most = kMany;
    else if (take("+"))
      made.most = kMany;
    else if (at('{'))
      bounds(made);
    if (at('?')) refuse("a lazy repetition");
    if (at('+')) refuse("a possessive repetition");
    if (made.kind == SplitElement::Kind::group && made.most != 1) {
      // A group of one set is that set.
      if (made.alternatives.size() == 1 && made.alternatives[0].size() == 1 &&
          made.alternatives[0][0].kind == SplitElement::Kind::set && made.alternatives[0][0].most == 1 &&
          made.alternatives[0][0].least == 1)
        made = {.set = made.alternatives[0][0].set, .least = made.least, .most = made.most};
      else
        refuse("a repeated group");
    }
    return made;
  }

  void bounds(SplitElement& made) {
    ++p_;
    auto number = [&] {
      std::uint32_t value = 0;
      if (p_ == end_ || *p_ < '0' || *p_ > '9') refuse("a '{' without a number");
      for (; p_ < end_ && *p_ >= '0' && *p_ <= '9'; ++p_) {
        value = value * 10 + static_cast<std::uint32_t>(*p_ - '0');
        if (value > 100000) refuse("a repetition above 100000");
      }
      return value;
    };
    made.least = at(',') ? 0 : number();
    made.most = made.least;
    if (take(",")) made.most = at('}') ? kMany : number();
    if (!take("}")) refuse("a '{' without its '}'");
    if (made.most < made.least) refuse("a repetition that ends before it begins");
  }

  CharSet set() {
    CharSet made;
    if (take("[")) {
      made.negated = take("^");
      bool first = true;
      for (; first || !at(']'); first = false) {
        if (p_ == end_) refuse("a '[' without its ']'");
        if (at('[') && p_ + 1 < end_ && (p_[1] == ':' || p_[1] == '^')) refuse("a set within a set");
        if (take("&&")) refuse("an intersection of sets");
        member(made);
      }
      ++p_;
    } else if (take(".")) {
      made.negated = true;
      add_range(made, '\n', '\n');
    } else if (at('^')) {
      refuse("'^'");
    } else if (at('*') || at('+') || at('?') || at('{')) {
      refuse("a repetition of nothing");
    } else {
      member(made, false);
    }
    fill_ascii(made);
    return made;
  }

  // One character, an escape, or a range.
  void member(CharSet& set, bool in_class = true) {
    char32_t low = 0;
    if (!character(set, low)) return;
    char32_t high = low;
    if (in_class && at('-') && p_ + 1 < end_ && p_[1] != ']') {
      ++p_;
      CharSet nothing;
      if (!character(nothing, high)) refuse("a range that ends in a class");
      if (high < low) refuse("a range that ends before it begins");
    }
    add_range(set, low, high);
  }

  void add_range(CharSet& set, char32_t low, char32_t high) const {
    set.ranges.emplace_back(low, high);
    if (!ignore_case_) return;
    for (char32_t c = 'a'; c <= 'z'; ++c) {
      const char32_t upper = c - 'a' + 'A';
      if ((low <= c && c <= high) || (low <= upper && upper <= high)) {
        set.ranges.emplace_back(c, c);
        set.ranges.emplace_back(upper, upper);
        if (c == 's') set.ranges.emplace_back(0x17F, 0x17F);    // the long s folds to s
        if (c == 'k') set.ranges.emplace_back(0x212A, 0x212A);  // the sign of kelvin folds to k
      }
    }
  }

  // True with the character; false where a class was added to the set instead.
  bool character(CharSet& set, char32_t& code) {
    if (p_ == end_) refuse("an end in the middle");
    if (*p_ != '\\') {
      Utf8Char c = decode_char(p_, end_);
      if (c.code == kInvalidChar) refuse("bytes that are not UTF-8");
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
    switch (kind) {
      case 's': set.space = true; return false;
      case 'S': set.not_space = true; return false;
      case 'd': set.categories |= category::Nd; return false;
      case 'w': set.categories |= category::L | category::M | category::N | category::Pc; return false;
      case 'p':
      case 'P': property(set, kind == 'P'); return false;
      case 'x':
      case 'u': code = hexadecimal(kind == 'x' ? 2 : 4); return true;
      default:
        if ((kind >= '0' && kind <= '9') || (kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z'))
          refuse(std::string("the escape '\\") + kind + "'");
        code = static_cast<unsigned char>(kind);
        if (code >= 0x80) refuse("an escape of no ASCII character");
        return true;
    }
  }

  char32_t hexadecimal(int digits) {
    const bool braces = take("{");
    char32_t code = 0;
    for (int i = 0; braces ? !at('}') : i < digits; ++i) {
      if (p_ == end_ || i > 6) refuse("a broken hexadecimal escape");
      const char c = *p_++;
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) refuse("a broken hexadecimal escape");
      code = code * 16 + static_cast<char32_t>(digit);
    }
    if (braces) ++p_;
    if (code > 0x10FFFF) refuse("a character above 10FFFF");
    return code;
  }

  void property(CharSet& set, bool complement) {
    std::string name;
    if (take("{")) {
      while (p_ < end_ && *p_ != '}' && name.size() < 32) name += *p_++;
      if (!take("}")) refuse("a '\\p{' without its '}'");
    } else if (p_ < end_) {
      name = *p_++;
    }
    if (name == "Han") {
      if (complement) refuse("the complement of a script");
      for (auto [low, high] : {std::pair<char32_t, char32_t>{0x2E80, 0x2E99},
                               {0x2E9B, 0x2EF3},
                               {0x2F00, 0x2FD5},
                               {0x3005, 0x3005},
                               {0x3007, 0x3007},
                               {0x3021, 0x3029},
                               {0x3038, 0x303B},
                               {0x3400, 0x4DBF},
                               {0x4E00, 0x9FFF},
                               {0xF900, 0xFA6D},
                               {0xFA70, 0xFAD9},
                               {0x16FE2, 0x16FE3},
                               {0x16FF0, 0x16FF1},
                               {0x20000, 0x2FFFF},
                               {0x30000, 0x3FFFF}})
        set.ranges.emplace_back(low, high);
      return;
    }
    const std::uint32_t bits = categories_called(name);
    if (bits == 0) refuse("the property '" + name + "'");
    set.categories |= complement ? ~bits : bits;
  }

  // Marks the bytes with which the sequence can begin; true if it may also match without reading one.
  bool begin_bytes(const SplitSequence& sequence, std::uint64_t bit) {
    for (const SplitElement& one : sequence) {
      if (one.kind == SplitElement::Kind::group) {
        bool open = one.least == 0;
        for (const SplitSequence& inner : one.alternatives) open = begin_bytes(inner, bit) || open;
        if (!open) return false;
      } else if (one.kind == SplitElement::Kind::set) {
        const CharSet& set = program_.sets[static_cast<std::size_t>(one.set)];
        for (unsigned c = 0; c < 256; ++c)
          if (c >= 0x80 || set.contains_ascii(static_cast<unsigned char>(c))) program_.may_begin[c] |= bit;
        if (one.least > 0) return false;
      } else {
        return true;  // what lies ahead says nothing about the first byte that is read
      }
    }
    return true;
  }

  std::string_view text_;
  const char* p_;
  const char* end_;
  bool ignore_case_ = false;
  SplitPattern::Program program_;
};

}  // namespace

SplitPattern::Program parse_split_pattern(std::string_view regex) { return Parser(regex).parse(); }

}  // namespace frugal
