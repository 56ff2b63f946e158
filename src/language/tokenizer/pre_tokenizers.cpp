// How the pre-tokenisers that GGUF files name cut text into words. The patterns are those of the models' own
// tokenizers; several in a row each cut the pieces of the one before.
#include <map>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "language/tokenizer/spec.h"

namespace frugal {
namespace {

using Patterns = std::vector<const char*>;

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kTekken = R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                                R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
                                R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kDeepSeek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

const std::map<std::string, Patterns>& known() {
  static const std::map<std::string, Patterns> table = [] {
    const Patterns digits{R"(\p{N})", kGpt2};
    std::map<std::string, Patterns> t;
    for (const char* name :
         {"gpt-2", "phi-2", "jina-es", "jina-de", "mpt", "olmo", "roberta-bpe", "gpt-neox", "exaone"})
      t[name] = {kGpt2};
    for (const char* name : {"smollm", "starcoder", "refact", "command-r", "codeshell", "minerva-7b"}) t[name] = digits;
    for (const char* name :
         {"llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral", "smaug-bpe", "dbrx", "chatglm-bpe"})
      t[name] = {kLlama3};
    for (const char* name : {"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan"}) t[name] = {kQwen2};
    t["bert"] = {};
    t["tekken"] = {kTekken};
    for (const char* name : {"gpt-4o", "llama4"}) t[name] = {kGpt4o};
    t["falcon"] = {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2, "[0-9][0-9][0-9]"};
    t["default"] = {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"};
    t["deepseek-coder"] = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-퟿]+", R"(\p{N})"};
    t["deepseek-v3"] = {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", kDeepSeek3};
    return t;
  }();
  return table;
}

}  // namespace

SplitStage gpt2_split() { return {.pattern = SplitPattern(kGpt2)}; }

void set_pre_tokenizer(TokenizerSpec& spec, const std::string& name) {
  auto found = known().find(name);
  if (found == known().end()) {
    std::vector<std::string> names;
    for (const auto& [one, patterns] : known()) names.push_back(one);
    fail("the pre-tokeniser '{}' is not known{}; known are {}", name.substr(0, 64), suggestion(name, names),
         join(names, ", "));
  }
  if (name == "bert") {
    spec.splits.push_back({.pattern = SplitPattern(R"(\s+)"), .behavior = SplitBehavior::removed});
    spec.splits.push_back({.pattern = SplitPattern(R"([\p{P}!-/:-@\[-`{-~])")});
    return;
  }
  for (const char* pattern : found->second) spec.splits.push_back({.pattern = SplitPattern(pattern)});
  if (found->second[0] == kLlama3) spec.ignore_merges = true;
  if (found->second[0] == kQwen2) spec.normalizer.push_back({NormalizerStep::Kind::nfc});
}

}  // namespace frugal
