// Grammars of JSON's own parts (RFC 8259), as a language model may write them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "language/constraint/grammar.h"

namespace frugal {

// White space is bounded, so that a model cannot write blanks for ever; numbers have as many digits as a double can
// tell apart.
class JsonRules {
 public:
  explicit JsonRules(Grammar& grammar) : grammar_(grammar) {}

  GrammarPtr blank();
  // One character of a string, which may be written as an escape. No surrogates, so that it is one character.
  GrammarPtr character();
  static GrammarPtr plain_character();

  GrammarPtr string(std::int64_t least = 0, std::int64_t most = -1);
  // A string whose characters match the regular expression (ECMA-262, as JSON Schema has it: anywhere, unless ^ and $
  // say otherwise). Error names what of regular expressions is not known here.
  GrammarPtr string_like(std::string_view pattern);
  static GrammarPtr digits(std::int64_t least, std::int64_t most);
  static GrammarPtr integer();
  static GrammarPtr number();
  GrammarPtr value();
  GrammarPtr object();
  GrammarPtr array();
  GrammarPtr member(GrammarPtr name, GrammarPtr value);
  GrammarPtr comma();
  GrammarPtr list(const char* open, const GrammarPtr& item, std::int64_t least, std::int64_t most, const char* close);

 private:
  template <typename Make>
  GrammarPtr rule(const char* name, Make&& make);

  Grammar& grammar_;
  std::map<std::string, bool> started_;
};

// The decimal digits of a bound, without zeros at the end; empty where it is no smaller than 1e15 or has more than 12
// digits behind the point.
std::string bound_text(double value);
struct NumberRange {
  std::optional<double> low{}, high{};
  bool low_excluded = false, high_excluded = false;
};
// Numbers of the range without exponents; null where there are none. Bounds must have a text.
GrammarPtr integer_within(const NumberRange& range);
GrammarPtr number_within(const NumberRange& range);

}  // namespace frugal
