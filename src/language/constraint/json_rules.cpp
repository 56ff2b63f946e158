#include "language/constraint/json_rules.h"

#include <algorithm>

namespace frugal {
namespace {

using G = Grammar;
using Parts = std::vector<GrammarPtr>;

}  // namespace

template <typename Make>
GrammarPtr JsonRules::rule(const char* name, Make&& make) {
  const std::size_t number = grammar_.rule(std::string("json ") + name);
  if (!started_[name]) {  // before its body is made, which may need it
    started_[name] = true;
    grammar_.define(number, make());
  }
  return G::call(number);
}

GrammarPtr JsonRules::blank() {
  return rule("blank", [&] {
    return G::optional(G::either(
        {G::literal(" "), G::sequence({G::literal("\n"), G::repeat(G::chars({{' ', ' '}, {'\t', '\t'}}), 0, 20)})}));
  });
}

GrammarPtr JsonRules::character() {
  return rule("character", [&] {
    const GrammarPtr hex = G::chars({{'0', '9'}, {'a', 'f'}, {'A', 'F'}});
    const GrammarPtr code =
        G::either({G::sequence({G::chars({{'0', '9'}, {'a', 'c'}, {'A', 'C'}, {'e', 'f'}, {'E', 'F'}}), hex, hex, hex}),
                   G::sequence({G::chars({{'d', 'd'}, {'D', 'D'}}), G::chars({{'0', '7'}}), hex, hex})});
    const GrammarPtr escape = G::either(
        {G::chars({{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', 'b'}, {'f', 'f'}, {'n', 'n'}, {'r', 'r'}, {'t', 't'}}),
         G::sequence({G::literal("u"), code})});
    return G::either({plain_character(), G::sequence({G::literal("\\"), escape})});
  });
}

GrammarPtr JsonRules::plain_character() { return G::chars({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}, true); }

GrammarPtr JsonRules::string(std::int64_t least, std::int64_t most) {
  return G::sequence({G::literal("\""), G::repeat(character(), least, most), G::literal("\"")});
}

GrammarPtr JsonRules::digits(std::int64_t least, std::int64_t most) {
  return G::repeat(G::chars({{'0', '9'}}), least, most);
}

GrammarPtr JsonRules::integer() {
  const GrammarPtr size = G::either({G::literal("0"), G::sequence({G::chars({{'1', '9'}}), digits(0, 15)})});
  return G::sequence({G::optional(G::literal("-")), size});
}

GrammarPtr JsonRules::number() {
  const GrammarPtr exponent =
      G::sequence({G::chars({{'e', 'e'}, {'E', 'E'}}), G::optional(G::chars({{'+', '+'}, {'-', '-'}})), digits(1, 2)});
  return G::sequence({integer(), G::optional(G::sequence({G::literal("."), digits(1, 16)})), G::optional(exponent)});
}

GrammarPtr JsonRules::value() {
  return rule("value", [&] {
    return G::either(
        {object(), array(), string(), number(), G::literal("true"), G::literal("false"), G::literal("null")});
  });
}

GrammarPtr JsonRules::object() {
  return rule("object", [&] { return list("{", member(string(), value()), 0, -1, "}"); });
}

GrammarPtr JsonRules::array() {
  return rule("array", [&] { return list("[", value(), 0, -1, "]"); });
}

GrammarPtr JsonRules::member(GrammarPtr name, GrammarPtr value) {
  return G::sequence({std::move(name), G::literal(":"), blank(), std::move(value)});
}

GrammarPtr JsonRules::comma() { return G::sequence({G::literal(","), blank()}); }

GrammarPtr JsonRules::list(const char* open, const GrammarPtr& item, std::int64_t least, std::int64_t most,
                           const char* close) {
  Parts parts{G::literal(open), blank()};
  if (most != 0) {
    const GrammarPtr more = G::sequence({comma(), item});
    const GrammarPtr some =
        G::sequence({item, G::repeat(more, std::max<std::int64_t>(least - 1, 0), most < 0 ? -1 : most - 1), blank()});
    parts.push_back(least > 0 ? some : G::optional(some));
  }
  parts.push_back(G::literal(close));
  return G::sequence(std::move(parts));
}

Grammar json_grammar() {
  Grammar grammar;
  const std::size_t root = grammar.rule("root");
  JsonRules rules(grammar);
  grammar.define(root, G::either({rules.object(), rules.array()}));
  return grammar;
}

}  // namespace frugal
