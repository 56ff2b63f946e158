// Context-free grammars over characters, and their compiled form over bytes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

struct GrammarNode;
using GrammarPtr = std::shared_ptr<const GrammarNode>;

struct GrammarNode {
  enum class Kind { literal, chars, sequence, either, repeat, rule } kind = Kind::literal;
  std::string text{};                                   // literal
  std::vector<std::pair<char32_t, char32_t>> ranges{};  // chars: sorted, apart from each other
  std::vector<GrammarPtr> items{};                      // sequence, either, repeat (one)
  std::int64_t least = 0, most = -1;                    // repeat; -1: without end
  std::size_t rule = 0;
};

// A grammar under construction. Rule 0 is the one that a text must match.
class Grammar {
 public:
  // The number of a rule, which is made where there is none of this name.
  std::size_t rule(const std::string& name);
  void define(std::size_t rule, GrammarPtr body) { bodies_[rule] = std::move(body); }
  bool defined(std::size_t rule) const { return bodies_[rule] != nullptr; }
  const std::vector<GrammarPtr>& bodies() const { return bodies_; }
  const std::string& name(std::size_t rule) const { return names_[rule]; }

  static GrammarPtr literal(std::string text);
  static GrammarPtr chars(std::vector<std::pair<char32_t, char32_t>> ranges, bool negated = false);
  static GrammarPtr sequence(std::vector<GrammarPtr> items);
  static GrammarPtr either(std::vector<GrammarPtr> items);
  static GrammarPtr repeat(GrammarPtr item, std::int64_t least, std::int64_t most = -1);
  static GrammarPtr optional(GrammarPtr item) { return repeat(std::move(item), 0, 1); }
  static GrammarPtr call(std::size_t rule);

 private:
  std::vector<std::string> names_;
  std::vector<GrammarPtr> bodies_;
  std::map<std::string, std::size_t> numbers_;
};

// GBNF, the notation of llama.cpp: `name ::= alternatives`, with "literals", [sets], (groups), ., *, +, ?, {m,n} and
// # comments; the rule `root` is the start. Error names the line.
Grammar parse_gbnf(std::string_view text);

// JSON that is valid for the schema (JSON Schema 2020-12, and what it has in common with earlier drafts). Properties
// come in the order of the schema. A keyword that would be ignored is an Error with its path; those that only describe
// are left out.
Grammar grammar_of_json_schema(std::string_view schema);
// Any JSON object or list.
Grammar json_grammar();

// Instructions on bytes, as in Thompson's construction, with calls.
struct GrammarProgram {
  struct Instruction {
    enum class Kind : std::uint8_t { bytes, split, call, back } kind;
    unsigned char low = 0, high = 0;    // bytes: reads one of these
    std::uint32_t next = 0, other = 0;  // split: either; call: `other` is the rule's entry, `next` where it comes back
  };
  std::vector<Instruction> code;
  std::uint32_t start = 0;
};

// Error for rules without a definition, left recursion, and grammars that become too large.
GrammarProgram compile_grammar(const Grammar& grammar);

}  // namespace frugal
