// Tokenizers made of small vocabularies, against what their models define.
#include "language/tokenizer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "formats/gguf.h"
#include "language/tokenizer/merge_symbols.h"
#include "language/tokenizer/unicode.h"
#include "support/support.h"

namespace frugal {
namespace {

using Ids = std::vector<std::int32_t>;

// All bytes, then what the rules join; the byte b is token b.
TokenizerSpec bytes_spec(const std::vector<std::pair<std::string, std::string>>& rules) {
  TokenizerSpec spec;
  spec.byte_level = true;
  std::map<std::string, std::int32_t> ids;
  auto add = [&](const std::string& token) {
    if (ids.emplace(token, spec.tokens.size()).second) spec.tokens.push_back(token);
    return ids[token];
  };
  for (int b = 0; b < 256; ++b) add(std::string(1, static_cast<char>(b)));
  for (const auto& [left, right] : rules) {
    const std::int32_t a = add(left), b = add(right);
    spec.merges.push_back({a, b, add(left + right)});
  }
  spec.types.assign(spec.tokens.size(), TokenType::normal);
  return spec;
}

std::int32_t add_token(TokenizerSpec& spec, AddedToken token, TokenType type = TokenType::control) {
  token.id = static_cast<std::int32_t>(spec.tokens.size());
  token.special = type == TokenType::control;
  spec.tokens.push_back(token.content);
  spec.types.push_back(type);
  spec.added.push_back(token);
  return token.id;
}

std::vector<std::string> texts(const Tokenizer& tokenizer, const Ids& ids) {
  std::vector<std::string> result;
  for (std::int32_t id : ids) result.push_back(tokenizer.text(id));
  return result;
}

std::string random_bytes(std::uint32_t seed, std::size_t size) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST(Tokenizer, BestPairFirstThenLeftmost) {
  Tokenizer t(bytes_spec({{"b", "c"}, {"a", "b"}, {"a", "bc"}}));
  EXPECT_EQ(texts(t, t.encode("abc")), (std::vector<std::string>{"abc"}));
  EXPECT_EQ(texts(t, t.encode("ababc")), (std::vector<std::string>{"ab", "abc"}));
  Tokenizer u(bytes_spec({{"a", "a"}}));
  EXPECT_EQ(texts(u, u.encode("aaaaa")), (std::vector<std::string>{"aa", "aa", "a"}));
}

// A token that merging does not reach is not made, unless the vocabulary says that words are looked up first.
TEST(Tokenizer, WholeWords) {
  TokenizerSpec spec = bytes_spec({{"a", "b"}, {"b", "c"}, {"a", "bc"}});  // "abc" needs "bc", but "ab" goes first
  TokenizerSpec lookup = bytes_spec({{"a", "b"}, {"b", "c"}, {"a", "bc"}});
  lookup.ignore_merges = true;
  Tokenizer t(std::move(spec)), u(std::move(lookup));
  for (int i = 0; i < 2; ++i) {  // the second time is remembered
    EXPECT_EQ(texts(t, t.encode("abc")), (std::vector<std::string>{"ab", "c"}));
    EXPECT_EQ(texts(u, u.encode("abc")), (std::vector<std::string>{"abc"}));
  }
}

// The list with a heap and the plain one, on every kind of word.
TEST(Tokenizer, ManyAndFewSymbolsMergeAlike) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::map<std::pair<int, int>, PairMerge> rules;
    int ids = 3;
    for (int i = 0; i < 12; ++i) {
      const int left = static_cast<int>(random() % static_cast<unsigned>(ids));
      const int right = static_cast<int>(random() % static_cast<unsigned>(ids));
      if (rules.emplace(std::pair(left, right), PairMerge{static_cast<std::uint32_t>(i), ids}).second) ++ids;
    }
    auto find = [&](const Symbol& a, const Symbol& b) {
      auto found = rules.find({a.id, b.id});
      return found == rules.end() ? PairMerge{kNoMerge, -1} : found->second;
    };
    MergeScratch few, many;
    const auto length = static_cast<std::uint32_t>(1 + random() % 60);
    for (std::uint32_t i = 0; i < length; ++i) few.symbols.push_back({i, 1, static_cast<int>(random() % 3)});
    many.symbols = few.symbols;
    merge_few(few, find);
    merge_many(many, find);
    ASSERT_EQ(few.symbols.size(), many.symbols.size()) << round;
    for (std::size_t i = 0; i < few.symbols.size(); ++i) {
      EXPECT_EQ(few.symbols[i].id, many.symbols[i].id);
      EXPECT_EQ(few.symbols[i].start, many.symbols[i].start);
    }
  }
}

TEST(Tokenizer, BytesComeBack) {
  Tokenizer t(bytes_spec({{"a", "b"}, {"\xC3", "\xA9"}}));
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const std::string text = random_bytes(seed, 1 + seed * 7);
    EXPECT_EQ(t.decode(t.encode(text)), text);
  }
  for (const char* pre : {"gpt-2", "llama3", "smollm"}) {
    TokenizerSpec spec = bytes_spec({{"a", "b"}, {" ", "t"}});
    set_pre_tokenizer(spec, pre);
    Tokenizer words(std::move(spec));
    const std::string text = random_bytes(7, 5000);
    EXPECT_EQ(words.decode(words.encode(text)), text) << pre;
  }
}

TEST(Tokenizer, AddedTokens) {
  TokenizerSpec spec = bytes_spec({});
  const int end = add_token(spec, {.content = "<end>"});
  const int longer = add_token(spec, {.content = "<end>>"});
  const int user = add_token(spec, {.content = "[x]"}, TokenType::user_defined);
  const int greedy = add_token(spec, {.content = "<m>", .left_strip = true, .right_strip = true});
  const int word = add_token(spec, {.content = "word", .single_word = true}, TokenType::user_defined);
  Tokenizer t(std::move(spec));
  EXPECT_EQ(t.encode("a<end>b"), (Ids{'a', end, 'b'}));
  EXPECT_EQ(t.encode("<end>>"), (Ids{longer}));
  EXPECT_EQ(t.encode("<end>", {.parse_special = false}), (Ids{'<', 'e', 'n', 'd', '>'}));
  EXPECT_EQ(t.encode("[x]", {.parse_special = false}), (Ids{user}));
  EXPECT_EQ(t.encode("a \n<m>  b"), (Ids{'a', greedy, 'b'}));
  EXPECT_EQ(t.encode("word swords"), (Ids{word, ' ', 's', 'w', 'o', 'r', 'd', 's'}));
  EXPECT_EQ(t.decode(Ids{'a', end, user}), "a[x]");
  EXPECT_EQ(t.decode(Ids{'a', end, user}, true), "a<end>[x]");
}

TokenizerSpec marked_spec(TokenizerKind kind) {
  TokenizerSpec spec;
  spec.kind = kind;
  auto add = [&](std::string token, float score, TokenType type = TokenType::normal) {
    spec.tokens.push_back(std::move(token));
    spec.scores.push_back(score);
    spec.types.push_back(type);
  };
  add("<unk>", 0, TokenType::unknown);
  for (int b = 0; b < 256; ++b) add(fmt::format("<0x{:02X}>", b), 0, TokenType::byte);
  float score = -1;
  for (const char* token : {"▁t", "he", "▁the", "▁a", "at", "▁cat", "▁", "t", "h", "e", "a", "c", "▁▁", "ca"})
    add(token, score--);
  spec.unknown = 0;
  spec.byte_fallback = true;
  spec.marks_are_blanks = spec.strip_leading_blank = true;
  spec.splits.push_back({.write_marks = true, .prefix = {TextPrefix::Where::always, std::string(kBlankMark), false}});
  return spec;
}

TEST(Tokenizer, MergesByScore) {
  Tokenizer t(marked_spec(TokenizerKind::spm));
  EXPECT_EQ(texts(t, t.encode("the cat")), (std::vector<std::string>{"▁the", "▁", "c", "at"}));
  EXPECT_EQ(texts(t, t.encode("a  é")), (std::vector<std::string>{"▁a", "▁▁", "<0xC3>", "<0xA9>"}));
  EXPECT_EQ(t.decode(t.encode("the cat é")), "the cat é");
  EXPECT_EQ(texts(t, t.encode("<0x41>")).size(), 7u) << "written bytes are text";
}

// Cutting before marks must not change the result: compare with one long word.
TEST(Tokenizer, UnigramTakesTheBestSum) {
  const TokenizerSpec spec = [] {
    TokenizerSpec s = marked_spec(TokenizerKind::unigram);
    return s;
  }();
  std::mt19937 random(5);
  Tokenizer t(marked_spec(TokenizerKind::unigram));
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (unsigned i = 0; i < 1 + random() % 10; ++i) text += "thea c"[random() % 6];
    double got = 0;
    for (std::int32_t id : t.encode(text)) got += spec.scores[static_cast<std::size_t>(id)];
    std::string marked = std::string(kBlankMark);
    for (char c : text) marked += c == ' ' ? std::string(kBlankMark) : std::string(1, c);
    std::vector<double> best(marked.size() + 1, -std::numeric_limits<double>::infinity());
    best[0] = 0;
    for (std::size_t i = 0; i < marked.size(); ++i)
      for (std::size_t id = 257; id < spec.tokens.size(); ++id)
        if (marked.compare(i, spec.tokens[id].size(), spec.tokens[id]) == 0)
          best[i + spec.tokens[id].size()] = std::max(best[i + spec.tokens[id].size()], best[i] + spec.scores[id]);
    EXPECT_DOUBLE_EQ(got, best.back()) << text;
  }
}

TEST(Tokenizer, StreamNeverBreaksCharacters) {
  Tokenizer t(bytes_spec({}));
  StreamDecoder stream(t);
  std::string all;
  const std::string text = "aé漢😀z";
  for (char c : text) {
    const std::string part = stream.push(static_cast<unsigned char>(c));
    EXPECT_TRUE(is_valid_utf8(part));
    all += part;
  }
  EXPECT_EQ(all + stream.finish(), text);
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const std::string bytes = random_bytes(seed, 40);
    StreamDecoder decoder(t);
    std::string parts;
    for (char c : bytes) {
      const std::string part = decoder.push(static_cast<unsigned char>(c));
      EXPECT_TRUE(is_valid_utf8(part));
      parts += part;
    }
    EXPECT_EQ(parts + decoder.finish(), valid_utf8(bytes));
  }
  // What can be no character any more is not held back.
  StreamDecoder broken(t);
  EXPECT_EQ(broken.push(0xE0), "");
  EXPECT_EQ(broken.push(0x80), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(broken.push(0xF0), "");
  EXPECT_EQ(broken.finish(), "\xEF\xBF\xBD");
}

TEST(Tokenizer, LongWordsTakeReasonableTime) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::pair<std::string, std::string>> rules;
  for (int i = 0; i < 6; ++i) rules.emplace_back(std::string(1u << i, 'a'), std::string(1u << i, 'a'));
  for (const char* pre : {"gpt-2", "llama3"}) {
    TokenizerSpec spec = bytes_spec(rules);
    set_pre_tokenizer(spec, pre);
    Tokenizer t(std::move(spec));
    for (const char* unit : {"a", "b", " ", "\n", "1", "é"}) {
      std::string text;
      while (text.size() < (1u << 20)) text += unit;
      EXPECT_EQ(t.decode(t.encode(text)), text);
    }
  }
  for (TokenizerKind kind : {TokenizerKind::spm, TokenizerKind::unigram}) {
    Tokenizer t(marked_spec(kind));
    for (const char* unit : {"a", " ", "the", "z"}) {
      std::string text;
      while (text.size() < (1u << 20)) text += unit;
      EXPECT_EQ(t.decode(t.encode(text)), text);
    }
  }
  // Quadratic time would be hours.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120));
}

Gguf small_gguf() {
  Gguf gguf;
  gguf.metadata["tokenizer.ggml.model"] = GgufValue::text("gpt2");
  gguf.metadata["tokenizer.ggml.pre"] = GgufValue::text("gpt-2");
  gguf.metadata["tokenizer.ggml.tokens"] = GgufValue::texts({"a", "b", "Ġ", "Ġa", "<|im_end|>", "ab", "<|x|>"});
  gguf.metadata["tokenizer.ggml.token_type"] = GgufValue::i32s({1, 1, 1, 1, 3, 1, 3});
  gguf.metadata["tokenizer.ggml.merges"] = GgufValue::texts({"Ġ a", "a b"});
  gguf.metadata["tokenizer.ggml.eos_token_id"] = GgufValue::u32(6);
  gguf.metadata["tokenizer.chat_template"] = GgufValue::text("{{ messages }}");
  return gguf;
}

TEST(Tokenizer, FromGguf) {
  Tokenizer t(spec_from_gguf(small_gguf()));
  EXPECT_EQ(t.encode("ab a<|im_end|>"), (Ids{5, 3, 4}));
  EXPECT_EQ(t.text(3), "Ġa");
  EXPECT_EQ(t.bytes(3), " a");
  EXPECT_EQ(t.find("Ġa"), 3);
  EXPECT_EQ(t.eos(), 6);
  EXPECT_TRUE(t.is_end_of_generation(6));
  EXPECT_TRUE(t.is_end_of_generation(4)) << "known by its name";
  EXPECT_FALSE(t.is_end_of_generation(3));
  EXPECT_EQ(t.chat_template(), "{{ messages }}");
  EXPECT_ERROR(t.bytes(7), "the vocabulary has 7 tokens");
  EXPECT_ERROR(t.decode(Ids{-1}), "there is no token -1");
}

TEST(Tokenizer, RefusesBrokenGguf) {
  auto broken = [](const char* key, GgufValue value) {
    Gguf gguf = small_gguf();
    gguf.metadata[key] = std::move(value);
    return Tokenizer(spec_from_gguf(gguf));
  };
  EXPECT_ERROR(broken("tokenizer.ggml.model", GgufValue::text("rwkv")), "'rwkv' is not supported");
  EXPECT_ERROR(broken("tokenizer.ggml.pre", GgufValue::text("smolm")), "did you mean 'smollm'");
  EXPECT_ERROR(broken("tokenizer.ggml.eos_token_id", GgufValue::u32(7)), "the vocabulary has 7 tokens");
  EXPECT_ERROR(broken("tokenizer.ggml.token_type", GgufValue::i32s({1})), "1 token types for 7 tokens");
  EXPECT_ERROR(broken("tokenizer.ggml.token_type", GgufValue::i32s({1, 1, 1, 1, 1, 1, 9})), "type 9");
  EXPECT_ERROR(broken("tokenizer.ggml.merges", GgufValue::texts({"ab"})), "is not two tokens");
  EXPECT_ERROR(broken("tokenizer.ggml.model", GgufValue::text("llama")), "0 scores for 7 tokens");
}

TEST(Tokenizer, RefusesBrokenJson) {
  auto read = [](const char* text) { return Tokenizer(spec_from_json(text, "")); };
  EXPECT_ERROR(read("{"), "not valid JSON");
  EXPECT_ERROR(read("{}"), "'model' is missing");
  EXPECT_ERROR(read(R"({"model":{"type":"WordLevel","vocab":{}}})"), "'WordLevel' is not supported");
  EXPECT_ERROR(read(R"({"model":{"type":"BPE","vocab":{},"merges":[]}})"), "the vocabulary is empty");
  EXPECT_ERROR(read(R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})"), "has the id -1");
  EXPECT_ERROR(read(R"({"model":{"type":"BPE","vocab":{"a":900000},"merges":[]}})"), "in a vocabulary of 1 tokens");
  EXPECT_ERROR(read(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}})"), "not in the vocabulary");
  EXPECT_ERROR(read(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"Nmt"}})"), "'Nmt'");
  EXPECT_ERROR(read(R"({"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":5}})"), "there is no token 5");
}

TEST(Tokenizer, FromJson) {
  const char* text = R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"Ġ":2,"ab":3},"merges":[["a","b"]]},
    "added_tokens":[{"id":4,"content":"<s>","special":true}],
    "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
    "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],
      "special_tokens":{"<s>":{"ids":[4]}}}})";
  Tokenizer t(spec_from_json(text, R"({"eos_token":{"content":"<s>"},"chat_template":"x"})"));
  EXPECT_EQ(t.encode("ab a"), (Ids{4, 3, 2, 0}));
  EXPECT_EQ(t.encode("ab a", {.add_special = false}), (Ids{3, 2, 0}));
  EXPECT_EQ(t.eos(), 4);
  EXPECT_EQ(t.chat_template(), "x");
  EXPECT_EQ(t.encode("abc"), (Ids{4, 3})) << "a byte that has no token is left out, as there is no unknown token";
}

}  // namespace
}  // namespace frugal
