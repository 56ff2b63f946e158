// Cutting text into words by the patterns of tokenizers.
#include "language/tokenizer/split_pattern.h"

#include <gtest/gtest.h>

#include <chrono>

#include "language/tokenizer/spec.h"
#include "language/tokenizer/unicode.h"
#include "support/support.h"

namespace frugal {
namespace {

using Words = std::vector<std::string>;

Words cut(const SplitStage& stage, std::string_view text) {
  Words words;
  stage.split(text.data(), text.data() + text.size(), [&](const char* a, const char* b) { words.emplace_back(a, b); });
  return words;
}

Words cut(std::string_view pattern, std::string_view text, SplitBehavior behavior = SplitBehavior::isolated,
          bool inverted = false) {
  return cut({.pattern = SplitPattern(pattern), .behavior = behavior, .inverted = inverted}, text);
}

TEST(SplitPattern, Gpt2) {
  EXPECT_EQ(cut(gpt2_split(), "Hello, y'all  2nd é!\n"),
            (Words{"Hello", ",", " y", "'", "all", " ", " 2", "nd", " é", "!", "\n"}));
  EXPECT_EQ(cut(gpt2_split(), "a   b  "), (Words{"a", "  ", " b", "  "}));
  EXPECT_EQ(cut(gpt2_split(), "I'll I'LL"), (Words{"I", "'ll", " I", "'", "LL"}));
}

TEST(SplitPattern, Parts) {
  EXPECT_EQ(cut("\\p{N}{1,3}", "12345a6"), (Words{"123", "45", "a", "6"}));
  EXPECT_EQ(cut("(?i:'s|'ll)", "it'S i'LL 'ſ"), (Words{"it", "'S", " i", "'LL", " ", "'ſ"}));
  EXPECT_EQ(cut("[^a-c]+", "abxyc"), (Words{"ab", "xy", "c"}));
  EXPECT_EQ(cut("x[ab]?(?:bc|b)", "xabc xb xc"), (Words{"xabc", " ", "xb", " xc"}));
  EXPECT_EQ(cut("a+(?=b)", "aab aa"), (Words{"aa", "b aa"}));
  EXPECT_EQ(cut("\\s+$", " a  "), (Words{" a", "  "}));
  EXPECT_EQ(cut("\\p{Lu}\\P{Lu}*", "aBcDe"), (Words{"a", "Bc", "De"}));
  EXPECT_EQ(cut("[一-龥]+", "a漢字b"), (Words{"a", "漢字", "b"}));
  EXPECT_EQ(cut("\\x41|\\u00e9", "Aé"), (Words{"A", "é"}));
}

TEST(SplitPattern, Behaviors) {
  EXPECT_EQ(cut("-", "a-b--c", SplitBehavior::removed), (Words{"a", "b", "c"}));
  EXPECT_EQ(cut("-", "a-b--c", SplitBehavior::merged_with_previous), (Words{"a-", "b-", "-", "c"}));
  EXPECT_EQ(cut("-", "a-b--c", SplitBehavior::merged_with_next), (Words{"a", "-b", "-", "-c"}));
  EXPECT_EQ(cut("-", "a-b--c", SplitBehavior::contiguous), (Words{"a", "-", "b", "--", "c"}));
  EXPECT_EQ(cut("[a-z]+", "a-b", SplitBehavior::removed, true), (Words{"a", "b"}));
}

TEST(SplitPattern, PiecesAreTheText) {
  std::string text;
  std::uint64_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += static_cast<char>(state >> 56);
  }
  for (const char* name : {"gpt-2", "llama3", "qwen2", "tekken", "gpt-4o", "smollm", "deepseek-v3", "default"}) {
    TokenizerSpec spec;
    set_pre_tokenizer(spec, name);
    for (const SplitStage& stage : spec.splits) {
      std::string joined;
      for (const std::string& word : cut(stage, text)) joined += word;
      EXPECT_EQ(joined, text) << name;
    }
  }
}

TEST(SplitPattern, RefusesWhatItDoesNotKnow) {
  EXPECT_ERROR(SplitPattern("(?<=a)b"), "a group of this kind");
  EXPECT_ERROR(SplitPattern("(ab)+"), "a repeated group");
  EXPECT_ERROR(SplitPattern("a++"), "possessive");
  EXPECT_ERROR(SplitPattern("a+?"), "lazy");
  EXPECT_ERROR(SplitPattern("\\bword"), "the escape '\\b'");
  EXPECT_ERROR(SplitPattern("\\p{Greek}"), "the property 'Greek'");
  EXPECT_ERROR(SplitPattern("[a"), "without its ']'");
  EXPECT_ERROR(SplitPattern("(a"), "without its ')'");
  EXPECT_ERROR(SplitPattern("a)"), "closes nothing");
  EXPECT_ERROR(SplitPattern("*"), "a repetition of nothing");
  EXPECT_ERROR(SplitPattern(std::string(100, '(')), "nested too deeply");
}

TEST(SplitPattern, EvilPatternsEnd) {
  const std::string text(20000, 'a');
  EXPECT_ERROR(cut("a*a*a*a*b", text), "takes too long");
}

TEST(SplitPattern, LongRunsTakeLinearTime) {
  for (const char* name : {"gpt-2", "llama3", "tekken", "gpt-4o", "deepseek-v3", "deepseek-coder", "falcon"}) {
    TokenizerSpec spec;
    set_pre_tokenizer(spec, name);
    for (char c : {'a', 'A', ' ', '\n', '1', '-', '\xff'}) {
      const std::string text(1 << 18, c);
      for (const SplitStage& stage : spec.splits) {  // beyond linear time, the limit of steps is an Error
        std::size_t bytes = 0;
        for (const std::string& word : cut(stage, text)) bytes += word.size();
        EXPECT_EQ(bytes, text.size()) << name << " " << c;
      }
    }
  }
}

TEST(Unicode, Utf8) {
  EXPECT_TRUE(is_valid_utf8("aé漢😀"));
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8", "\x80", "\xE6\xBC"})
    EXPECT_FALSE(is_valid_utf8(bad));
  EXPECT_EQ(valid_utf8("a\xE6\xBCz"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  const std::string text = "aé漢😀\xE6\xBC!\x80\x80";
  std::vector<const char*> forward, backward;
  const char* begin = text.data();
  const char* end = begin + text.size();
  for (const char* p = begin; p < end; p += decode_char(p, end).bytes) forward.push_back(p);
  for (const char* p = end; p > begin;) backward.insert(backward.begin(), p = previous_char(begin, p));
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(normal_form("e\xCC\x81", NormalForm::nfc), "é");
  EXPECT_EQ(normal_form("é", NormalForm::nfd), "e\xCC\x81");
  EXPECT_EQ(normal_form("ﬁ", NormalForm::nfkc), "fi");
}

}  // namespace
}  // namespace frugal
