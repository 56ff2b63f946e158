// Grammars and JSON schemas that a model's tokens keep to.
#include "language/constraint/constraint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>

#include "language/tokenizer/unicode.h"
#include "support/support.h"

namespace frugal {
namespace {

using Json = nlohmann::ordered_json;

bool matches(const Grammar& grammar, std::string_view text) {
  Recognizer recognizer(compile_grammar(grammar));
  return recognizer.accepts(recognizer.run(recognizer.start(), text));
}
bool gbnf(std::string_view grammar, std::string_view text) { return matches(parse_gbnf(grammar), text); }
bool schema(std::string_view text, std::string_view json) { return matches(grammar_of_json_schema(text), json); }

// Every byte, some words, and an end.
std::vector<std::string> small_vocabulary() {
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));
  for (const char* word :
       {"true", "tr", "\"a", "\":", ", \"", "}}", "],", "123", "{\"", "é", "\xC3\xA9\"", " ", "ab", "null}", "-0."})
    tokens.emplace_back(word);
  tokens.emplace_back("");
  return tokens;
}

TEST(Grammar, Gbnf) {
  const char* sum = R"g(
    root ::= term ("+" term)*   # a sum
    term ::= [0-9]{1,3} | "(" root ")"
  )g";
  EXPECT_TRUE(gbnf(sum, "1+(23+456)"));
  EXPECT_FALSE(gbnf(sum, "1+"));
  EXPECT_FALSE(gbnf(sum, "1234"));
  EXPECT_TRUE(gbnf(R"(root ::= [^a-c\n]+ "é"? .)", "xyzéq"));
  EXPECT_FALSE(gbnf(R"(root ::= [^a-c]+)", "xb"));
  EXPECT_TRUE(gbnf("root ::= (\"a\" | \"b\"\n  | \"c\"){2,} \"\\x41\\u00e9\"", "abcAé"));
  EXPECT_TRUE(gbnf("root ::= a\na ::= \"x\" a | \"\"", std::string(1000, 'x')));
  EXPECT_TRUE(gbnf(R"(root ::= [à-ÿ一-龥😀-😎]*)", "éü漢😃"));
  EXPECT_FALSE(gbnf(R"(root ::= [à-ÿ]*)", "z"));
}

TEST(Grammar, RefusesBrokenGbnf) {
  EXPECT_ERROR(parse_gbnf("a ::= \"x\""), "no rule 'root'");
  EXPECT_ERROR(parse_gbnf("root ::= \"x"), "line 1: a literal does not end");
  EXPECT_ERROR(parse_gbnf("root ::= \"x\"\nroot ::= \"y\""), "line 2: the rule 'root' is defined twice");
  EXPECT_ERROR(parse_gbnf("root ::= (\"x\""), "without its ')'");
  EXPECT_ERROR(parse_gbnf("root = \"x\""), "'::=' is needed");
  EXPECT_ERROR(parse_gbnf("root ::= [z-a]"), "ends before it begins");
  EXPECT_ERROR(compile_grammar(parse_gbnf("root ::= b")), "the rule 'b' is used but not defined");
  EXPECT_ERROR(compile_grammar(parse_gbnf("root ::= root \"x\" | \"y\"")), "begins with itself");
  EXPECT_ERROR(compile_grammar(parse_gbnf("root ::= a? root | \"y\"\na ::= \"x\"")), "begins with itself");
  EXPECT_ERROR(compile_grammar(parse_gbnf("root ::= (\"x\"{9000}){9000}")), "too large");
}

// All byte ranges of UTF-8 against a check of every 37th character.
TEST(Grammar, CharacterRanges) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    char32_t low = random() % 0x110000, high = random() % (round % 2 ? 0x110000 : 0x900);
    if (low > high) std::swap(low, high);
    Grammar grammar;
    grammar.define(grammar.rule("root"), Grammar::chars({{low, high}}));
    if (low >= 0xD800 && high <= 0xDFFF) continue;
    Recognizer recognizer(compile_grammar(grammar));
    for (char32_t c = random() % 37; c < 0x110000; c += 37) {
      if (c >= 0xD800 && c < 0xE000) continue;
      std::string text;
      append_utf8(text, c);
      ASSERT_EQ(recognizer.accepts(recognizer.run(recognizer.start(), text)), low <= c && c <= high)
          << std::uint32_t{low} << ' ' << std::uint32_t{high} << ' ' << std::uint32_t{c};
    }
  }
}

TEST(JsonSchema, Accepts) {
  const char* person =
      R"({"type":"object","properties":{"name":{"type":"string","maxLength":4},"age":{"type":"integer","minimum":0},
    "tags":{"type":"array","items":{"enum":["a","b"]},"minItems":1,"maxItems":2}},"required":["name"]})";
  EXPECT_TRUE(schema(person, R"({"name": "Eve"})"));
  EXPECT_TRUE(schema(person, R"({"name":"é\u00e9\"漢","age":3, "tags":["a", "b"]})"));
  EXPECT_FALSE(schema(person, R"({"name": "Evita"})"));
  EXPECT_FALSE(schema(person, R"({"age": 3})"));
  EXPECT_FALSE(schema(person, R"({"name": "Eve", "age": -3})"));
  EXPECT_FALSE(schema(person, R"({"name": "Eve", "tags": []})"));
  EXPECT_FALSE(schema(person, R"({"name": "Eve", "more": 1})"));
  const char* tree = R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"v":{"type":["number","null"]},
    "c":{"type":"array","items":{"$ref":"#/$defs/n"}}},"required":["v","c"]}}})";
  EXPECT_TRUE(schema(tree, R"({"v": 1.5e3, "c": [{"v": null, "c": []}]})"));
  EXPECT_FALSE(schema(tree, R"({"v": 1, "c": [{"v": "x", "c": []}]})"));
  const char* map =
      R"({"type":"object","properties":{"abc":{"type":"null"},"ad":{"type":"null"}},"additionalProperties":{"type":"integer"}})";
  EXPECT_TRUE(schema(map, R"({"abc": null, "ab": 1, "abcd": 2, "": 3, "x": 4})"));
  EXPECT_TRUE(schema(map, R"({"x": 4})"));
  EXPECT_FALSE(schema(map, R"({"ad": 1})")) << "a name that has a schema of its own";
  EXPECT_FALSE(schema(map, R"({"\u0061d": 1})")) << "and in disguise";
  EXPECT_TRUE(schema(R"({"anyOf":[{"const":{"a":1}},{"type":"string","format":"date"}]})", R"("2024-02-28")"));
  EXPECT_FALSE(schema(R"({"type":"string","format":"date"})", R"("2024-13-01")"));
  EXPECT_TRUE(schema("true", R"({"a":[1,{"b":null}]})"));
}

TEST(JsonSchema, RefusesByNameAndPath) {
  EXPECT_ERROR(
      grammar_of_json_schema(R"({"type":"object","properties":{"a":{"type":"string","contentEncoding":"x"}}})"),
      "#/properties/a: the keyword 'contentEncoding'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":"array","uniqueItems":true})"), "#: the keyword 'uniqueItems'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"not":{}})"), "the keyword 'not'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":"integer","minimum":"3"})"), "'minimum' is no number");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":"number","maximum":1e300})"), "'maximum' is 1e+300");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":"integer","minimum":3.2,"maximum":3.9})"), "no number lies within");
  EXPECT_ERROR(grammar_of_json_schema(R"x({"pattern":"a(?=b)"})x"), "#: 'pattern' uses a group of this kind");
  EXPECT_ERROR(grammar_of_json_schema(R"({"pattern":"\\bx"})"), "the escape '\\b'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"pattern":"a","maxLength":3})"), "the keyword 'maxLength'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":["string","null"],"multipleOf":3})"), "'multipleOf'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"allOf":[{},{}]})"), "'allOf'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"oneOf":[{"type":"integer"},{"type":"number"}]})"), "'oneOf'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"$ref":"#/$defs/x"})"), "is not there");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":"object","required":["a"]})"), "'required' names 'a'");
  EXPECT_ERROR(grammar_of_json_schema(R"({"type":"thing"})"), "the type 'thing'");
  EXPECT_ERROR(grammar_of_json_schema("{"), "not valid JSON");
  EXPECT_ERROR(compile_grammar(grammar_of_json_schema(R"({"$ref":"#"})")), "begins with itself");
}

// No keyword of the standard that restricts values is passed over: it is known, or refused by its name.
TEST(JsonSchema, EveryOtherKeywordOfTheStandardIsRefusedByName) {
  for (const char* type : {"object", "array", "string", "integer", "number", "boolean", "null", ""})
    for (const char* keyword : {"multipleOf",
                                "uniqueItems",
                                "contains",
                                "minContains",
                                "maxContains",
                                "prefixItems",
                                "unevaluatedItems",
                                "unevaluatedProperties",
                                "minProperties",
                                "maxProperties",
                                "patternProperties",
                                "propertyNames",
                                "dependentRequired",
                                "dependentSchemas",
                                "if",
                                "then",
                                "else",
                                "not",
                                "$dynamicRef",
                                "contentEncoding",
                                "contentSchema",
                                "additionalItems",
                                "divisibleBy",
                                "madeUp"}) {
      Json text = {{keyword, 1}};
      if (*type) text["type"] = type;
      EXPECT_ERROR(grammar_of_json_schema(text.dump()), std::string("'") + keyword + "'");
    }
}

// Numbers of every kind against the comparison of doubles.
TEST(JsonSchema, NumbersKeepToTheirBounds) {
  std::mt19937 random(5);
  const double bounds[] = {0, 1, -1, 7, -7, 9.5, -9.5, 10, 99, 100, 101, -100, 0.25, -0.25, 0.05, 12.0625, 1000, 999.9};
  std::vector<std::string> texts = {"0", "0.0", "0.00", "9.50", "10.0", "00", "01", "1.", ".5", "+1", "-", "0.2500001"};
  for (int i = 0; i < 400; ++i) {
    const int digits = static_cast<int>(random() % 4);
    const double x = bounds[random() % std::size(bounds)] + static_cast<double>(random() % 2001) / 1000 - 1;
    texts.push_back(fmt::format("{:.{}f}", random() % 4 ? x : x * 100, digits));
  }
  for (const char* type : {"integer", "number"})
    for (int round = 0; round < 60; ++round) {
      const double low = bounds[random() % std::size(bounds)], high = bounds[random() % std::size(bounds)];
      const char *from = random() % 2 ? "minimum" : "exclusiveMinimum",
                 *to = random() % 2 ? "maximum" : "exclusiveMaximum";
      Json text = {{"type", type}};
      if (round % 3 != 1) text[from] = low;
      if (round % 3 != 2) text[to] = high;
      std::optional<Recognizer> recognizer;
      try {
        recognizer.emplace(compile_grammar(grammar_of_json_schema(text.dump())));
      } catch (const Error&) {
        ASSERT_TRUE(round % 3 == 0 && low >= high - 1) << text;  // nothing lies between
        continue;
      }
      for (const std::string& number : texts) {
        const bool good = Json::accept(number) && (*type == 'n' || number.find('.') == std::string::npos);
        bool want = good;
        if (good) {
          const double x = std::stod(number);
          if (text.contains("minimum")) want = want && x >= low;
          if (text.contains("exclusiveMinimum")) want = want && x > low;
          if (text.contains("maximum")) want = want && x <= high;
          if (text.contains("exclusiveMaximum")) want = want && x < high;
          if (x == 0 && number[0] == '-') continue;  // which need not be written so
        }
        ASSERT_EQ(recognizer->accepts(recognizer->run(recognizer->start(), number)), want) << text << ' ' << number;
      }
    }
}

// What std::regex finds, over random texts of the characters that matter.
TEST(JsonSchema, PatternsAreThoseOfRegularExpressions) {
  const char* patterns[] = {"^[a-c]+$",
                            "ab",
                            "^a|c$",
                            "^(ab|c{2,3})*x?$",
                            "^[^a\\d]$",
                            "^\\w+@\\w+\\.(de|com)$",
                            "^a.b$",
                            "\"",
                            "^[\\\\\"]{2}$",
                            "^\\s*\\S$",
                            "^(?:a|bb)+?c$",
                            "^$",
                            "[\\x61-\\u0063]{3}"};
  std::mt19937 random(6);
  for (const char* pattern : patterns) {
    const std::regex expected(pattern, std::regex::ECMAScript);
    Recognizer recognizer(compile_grammar(grammar_of_json_schema(Json{{"pattern", pattern}}.dump())));
    int found = 0;
    for (int round = 0; round < 4000; ++round) {
      std::string text;
      for (unsigned i = random() % 8; i > 0; --i) text += "aabbcc1@x.de\"\\\n "[random() % 17];
      if (round == 0) text = "ab_1@abc.com";
      const std::string json = Json(text).dump();
      const bool want = std::regex_search(text, expected);
      found += want;
      ASSERT_EQ(recognizer.accepts(recognizer.run(recognizer.start(), json)), want) << pattern << ' ' << json;
    }
    EXPECT_GT(found, 0) << pattern;
  }
  EXPECT_TRUE(schema(R"({"type":"string","pattern":"^[à-ÿ]漢.$"})", "\"é漢😀\""));
}

// What a random choice of allowed tokens writes is valid, whatever it is.
TEST(Constraint, RandomWalksAreValid) {
  const char* text = R"({"type":"object","properties":{"n":{"type":"integer"},"s":{"type":"string","maxLength":5},
    "l":{"type":"array","items":{"type":["boolean","null"]},"maxItems":3},"e":{"enum":["x",1,null]},
    "o":{"type":"object","additionalProperties":{"type":"number"}}},"required":["s","e"]})";
  const auto vocabulary =
      std::make_shared<const ConstraintVocabulary>(small_vocabulary(), std::vector<std::int32_t>{271});
  const std::vector<std::string> tokens = small_vocabulary();
  ASSERT_EQ(tokens.size(), 272u);
  Constraint constraint(grammar_of_json_schema(text), vocabulary);
  std::mt19937 random(4);
  int finished = 0;
  for (int walk = 0; walk < 200; ++walk) {
    std::string written;
    Constraint::State state = constraint.start();
    for (int step = 0; step < 3000; ++step) {
      const auto mask = constraint.mask(state);
      std::vector<std::int32_t> allowed;
      for (std::int32_t id = 0; id < 272; ++id)
        if (mask[static_cast<std::size_t>(id) / 64] >> (id % 64) & 1) allowed.push_back(id);
      ASSERT_FALSE(allowed.empty()) << written;
      const std::int32_t id = allowed[random() % allowed.size()];
      ASSERT_TRUE(constraint.accept(state, id));
      if (id == 271) break;
      written += tokens[static_cast<std::size_t>(id)];
    }
    if (!constraint.may_end(state)) continue;
    ++finished;
    const Json value = Json::parse(written);  // throws where it is no JSON
    EXPECT_TRUE(value.contains("s") && value.contains("e")) << written;
    EXPECT_TRUE(value["e"] == "x" || value["e"] == 1 || value["e"].is_null());
    if (value.contains("n")) {
      EXPECT_TRUE(value["n"].is_number_integer()) << written;
    }
    if (value.contains("l")) {
      EXPECT_LE(value["l"].size(), 3u);
    }
    if (value.contains("o")) {
      for (const auto& [name, one] : value["o"].items()) EXPECT_TRUE(one.is_number()) << written;
    }
  }
  EXPECT_GT(finished, 150);
}

// The mask against trying every token.
TEST(Constraint, MaskIsBruteForce) {
  const std::vector<std::string> tokens = small_vocabulary();
  const auto vocabulary = std::make_shared<const ConstraintVocabulary>(tokens, std::vector<std::int32_t>{271});
  for (const Grammar& grammar : {json_grammar(), parse_gbnf("root ::= [a-zé]* (\"1\" [0-9]{2,4})? | \"true\" root")}) {
    Constraint constraint(grammar, vocabulary);
    Recognizer recognizer(compile_grammar(grammar));
    std::mt19937 random(9);
    std::string written;
    Constraint::State state = constraint.start();
    for (int step = 0; step < 400; ++step) {
      const auto mask = constraint.mask(state);
      std::vector<std::int32_t> allowed;
      for (std::int32_t id = 0; id < 272; ++id) {
        const bool bit = mask[static_cast<std::size_t>(id) / 64] >> (id % 64) & 1;
        const auto after = recognizer.run(recognizer.start(), written + tokens[static_cast<std::size_t>(id)]);
        const bool want = id == 271 ? recognizer.accepts(after) : after != Recognizer::kDead;
        ASSERT_EQ(bit, want) << written << " " << id;
        Constraint::State copy = state;
        ASSERT_EQ(constraint.accept(copy, id), want);
        if (bit && id != 271) allowed.push_back(id);
      }
      if (allowed.empty()) break;
      const std::int32_t id = allowed[random() % allowed.size()];
      ASSERT_TRUE(constraint.accept(state, id));
      written += tokens[static_cast<std::size_t>(id)];
    }
  }
}

TEST(Constraint, MasksOfALargeVocabularyAreQuick) {
  std::mt19937 random(2);
  std::vector<std::string> tokens;
  for (int b = 0; b < 256; ++b) tokens.emplace_back(1, static_cast<char>(b));
  while (tokens.size() < 49152) {
    std::string word(random() % 2, ' ');
    for (unsigned i = 0; i < 2 + random() % 8; ++i) word += static_cast<char>('a' + random() % 26);
    tokens.push_back(word);
  }
  Constraint constraint(json_grammar(),
                        std::make_shared<const ConstraintVocabulary>(tokens, std::vector<std::int32_t>{}));
  Constraint::State state = constraint.start();
  double worst = 0, total = 0;
  int count = 0;
  for (char c :
       std::string(R"({"name": "some text", "list": [1, -2.5e3, true, {"deep": [[null]]}], "more": "x\u00e9"})")) {
    const auto start = std::chrono::steady_clock::now();
    constraint.mask(state);
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    worst = std::max(worst, ms), total += ms, ++count;
    ASSERT_TRUE(constraint.accept(state, static_cast<unsigned char>(c)));
  }
  EXPECT_TRUE(constraint.may_end(state));
  RecordProperty("mean_ms", std::to_string(total / count));
  RecordProperty("worst_ms", std::to_string(worst));
  std::cout << "mask of 49152 tokens: mean " << total / count << " ms, worst " << worst << " ms\n";
  EXPECT_LT(total / count, 20) << "far above what it takes on a quiet machine";
}

}  // namespace
}  // namespace frugal
