// Reads the tokenizer that a GGUF file carries: the keys tokenizer.ggml.* and tokenizer.chat_template.
#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/check.h"
#include "formats/gguf.h"
#include "language/tokenizer/spec.h"
#include "language/tokenizer/word_model.h"

namespace frugal {
namespace {

std::string key(const char* name) { return std::string("tokenizer.ggml.") + name; }

class Reader {
 public:
  explicit Reader(const Gguf& gguf) : gguf_(gguf) {}

  TokenizerSpec read() {
    const std::string model = gguf_.text(key("model"));
    spec_.name = model;
    read_vocabulary();
    spec_.unknown = id("unknown_token_id");
    spec_.bos = id("bos_token_id");
    spec_.eos = id("eos_token_id");
    spec_.eot = id("eot_token_id");
    spec_.pad = id("padding_token_id");
    bool add_bos = false;
    if (model == "gpt2") {
      byte_level_bpe();
    } else if (model == "llama") {
      sentence_piece();
      add_bos = true;
    } else if (model == "bert") {
      word_piece();
    } else {
      fail("the tokenizer model '{}' is not supported; 'gpt2', 'llama' and 'bert' are", model.substr(0, 64));
    }
    if (model != "bert") {
      if (gguf_.boolean(key("add_bos_token"), add_bos) && spec_.bos) spec_.before = {*spec_.bos};
      if (gguf_.boolean(key("add_eos_token"), false) && spec_.eos) spec_.after = {*spec_.eos};
    }
    if (auto end = id("eom_token_id")) spec_.end_of_generation.push_back(*end);
    spec_.chat_template = gguf_.text("tokenizer.chat_template", "");
    find_end_of_generation(spec_);
    return std::move(spec_);
  }

 private:
  std::optional<std::int32_t> id(const char* name) const {
    if (gguf_.find(key(name)) == nullptr) return std::nullopt;
    const std::int64_t value = gguf_.integer(key(name));
    if (value < 0 || value == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;  // "none", as some write
    require(value < static_cast<std::int64_t>(spec_.tokens.size()), "{} is {}, but the vocabulary has {} tokens",
            key(name), value, spec_.tokens.size());
    return static_cast<std::int32_t>(value);
  }

  void read_vocabulary() {
    spec_.tokens = gguf_.texts(key("tokens"));
    spec_.types.assign(spec_.tokens.size(), TokenType::normal);
    if (gguf_.find(key("token_type")) != nullptr) {
      const std::vector<std::int64_t> types = gguf_.integers(key("token_type"));
      require(types.size() == spec_.tokens.size(), "there are {} token types for {} tokens", types.size(),
              spec_.tokens.size());
      for (std::size_t i = 0; i < types.size(); ++i) {
        require(types[i] >= 0 && types[i] <= 6, "token {} has the type {}, which is not known", i, types[i]);
        if (types[i] != 0) spec_.types[i] = static_cast<TokenType>(types[i]);
      }
    }
    if (gguf_.find(key("scores")) != nullptr)
      for (double score : gguf_.reals(key("scores"))) spec_.scores.push_back(static_cast<float>(score));
    for (std::size_t i = 0; i < spec_.tokens.size(); ++i) {
      const TokenType type = spec_.types[i];
      const bool special = type == TokenType::control || type == TokenType::unknown;
      if (!spec_.tokens[i].empty() && (special || type == TokenType::user_defined))
        spec_.added.push_back({.id = static_cast<std::int32_t>(i), .content = spec_.tokens[i], .special = special});
    }
  }

  void byte_level_bpe() {
    spec_.kind = TokenizerKind::bpe;
    spec_.byte_level = true;
    const std::string pre = gguf_.text(key("pre"), "default");
    set_pre_tokenizer(spec_, pre);
    read_merges();
    for (std::size_t i = 0; i < spec_.tokens.size(); ++i)
      if (spec_.types[i] == TokenType::normal) spec_.tokens[i] = bytes_of_printable(spec_.tokens[i]);
    if (gguf_.boolean(key("add_space_prefix"), false)) spec_.splits.front().prefix = {TextPrefix::Where::always, " "};
  }

  void read_merges() {
    std::unordered_map<std::string_view, std::int32_t> ids;
    for (std::size_t i = 0; i < spec_.tokens.size(); ++i) ids.emplace(spec_.tokens[i], static_cast<std::int32_t>(i));
    const std::vector<std::string>& rules = gguf_.texts(key("merges"));
    spec_.merges.reserve(rules.size());
    std::string joined;
    for (const std::string& rule : rules) {
      const std::size_t blank = rule.find(' ', 1);
      require(blank != rule.npos, "{}: '{}' is not two tokens", key("merges"), rule.substr(0, 64));
      joined.assign(rule, 0, blank).append(rule, blank + 1);
      const auto left = ids.find(std::string_view(rule).substr(0, blank));
      const auto right = ids.find(std::string_view(rule).substr(blank + 1));
      const auto both = ids.find(joined);
      if (left == ids.end() || right == ids.end() || both == ids.end())
        continue;  // left over by who cut the vocabulary
      spec_.merges.push_back({left->second, right->second, both->second});
    }
  }

  void sentence_piece() {
    spec_.kind = TokenizerKind::spm;
    spec_.byte_fallback = true;
    spec_.marks_are_blanks = true;
    if (!spec_.bos) spec_.bos = first_called("<s>");
    if (!spec_.eos) spec_.eos = first_called("</s>");
    if (!spec_.unknown) spec_.unknown = first_called("<unk>");
    const bool prefix = gguf_.boolean(key("add_space_prefix"), true);
    spec_.strip_leading_blank = prefix;
    SplitStage stage{.write_marks = true};
    if (prefix) stage.prefix = {TextPrefix::Where::always, std::string(kBlankMark), false};
    spec_.splits.push_back(std::move(stage));
  }

  std::optional<std::int32_t> first_called(std::string_view text) const {
    const auto found = std::find(spec_.tokens.begin(), spec_.tokens.end(), text);
    if (found == spec_.tokens.end()) return std::nullopt;
    return static_cast<std::int32_t>(found - spec_.tokens.begin());
  }

  // In these files the pieces that begin a word carry a mark, and "##" is left out.
  void word_piece() {
    spec_.kind = TokenizerKind::word_piece;
    spec_.strip_leading_blank = true;
    for (std::size_t i = 0; i < spec_.tokens.size(); ++i) {
      std::string& token = spec_.tokens[i];
      if (spec_.types[i] != TokenType::normal) continue;
      token = token.starts_with(kBlankMark) ? token.substr(kBlankMark.size()) : spec_.continuing + token;
    }
    using Kind = NormalizerStep::Kind;
    spec_.normalizer = {{Kind::clean}, {Kind::space_han}, {Kind::bert_accents}, {Kind::lowercase}};
    set_pre_tokenizer(spec_, "bert");
    const auto cls = id("cls_token_id"), separator = id("seperator_token_id");  // so spelt
    if (cls || spec_.bos) spec_.before = {cls ? *cls : *spec_.bos};
    if (separator || spec_.eos) spec_.after = {separator ? *separator : *spec_.eos};
  }

  const Gguf& gguf_;
  TokenizerSpec spec_;
};

}  // namespace

TokenizerSpec spec_from_gguf(const Gguf& gguf) { return Reader(gguf).read(); }

}  // namespace frugal
