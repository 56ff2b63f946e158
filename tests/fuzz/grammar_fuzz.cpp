// A JSON schema, or after a '#' a grammar in GBNF; then a byte 1 and the text that is read by it.
#include "fuzz.h"
#include "language/constraint/recognizer.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  const std::string_view all(reinterpret_cast<const char*>(input.data()), input.size());
  const std::size_t cut = std::min(all.find('\1'), all.size());
  const std::string_view source = all.substr(0, cut);
  Recognizer recognizer(compile_grammar(source.starts_with('#') ? parse_gbnf(source) : grammar_of_json_schema(source)));
  Recognizer::State state = recognizer.start();
  for (char c : all.substr(std::min(cut + 1, all.size()))) {
    recognizer.loops(state);
    state = recognizer.step(state, static_cast<unsigned char>(c));
    if (state == Recognizer::kDead) break;
  }
}

std::vector<std::string> seeds() {
  return {
      "#\nroot ::= term (\"+\" term)* # sum\nterm ::= [0-9]{1,3} | \"(\" root \")\" | [^a-z\\n\"]? .\n\1"
      "12+(3+4)",
      R"x({"type":"object","properties":{"a":{"type":"string","maxLength":3},"b":{"type":["integer","null"],"minimum":0},
            "c":{"type":"array","items":{"$ref":"#"},"maxItems":2}},"required":["a"],"additionalProperties":{"enum":[1,"x"]}})x"
      "\1{\"a\": \"xy\", \"c\": []}",
      R"x({"anyOf":[{"const":{"a":[1]}},{"type":"string","format":"date-time"},{"oneOf":[{"type":"boolean"},{"type":"null"}]},{"$ref":"#/$defs/n"}],
            "$defs":{"n":{"type":"number"}}})x"
      "\1-12.5e3"};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
