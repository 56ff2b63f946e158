// Reads the tokenizer.json of the Hugging Face tokenizers library.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/check.h"
#include "formats/strict_json.h"
#include "language/tokenizer/spec_steps.h"
#include "language/tokenizer/word_model.h"

namespace frugal {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxBytes = 128u << 20;
constexpr std::int64_t kMaxTokens = 1 << 24;

class Reader {
 public:
  Reader(const Json& root, const Json& config) : root_(root), config_(config) {}

  TokenizerSpec read() {
    const Json& model = member(root_, "model");
    read_kind(model);
    read_vocabulary(member(model, "vocab"));
    read_added();
    read_normalizer(spec_, optional_member(root_, "normalizer"));
    read_pre_tokenizer(spec_, optional_member(root_, "pre_tokenizer"));
    read_decoder(spec_, optional_member(root_, "decoder"));
    read_unknown(model);
    if (spec_.byte_fallback)
      for (std::size_t i = 0; i < spec_.tokens.size(); ++i)
        if (fallback_byte(spec_.tokens[i]) >= 0) spec_.types[i] = TokenType::byte;
    if (spec_.kind == TokenizerKind::bpe) read_merges(member(model, "merges"));
    if (spec_.byte_level)
      for (std::size_t i = 0; i < spec_.tokens.size(); ++i)
        if (spec_.types[i] == TokenType::normal) spec_.tokens[i] = bytes_of_printable(spec_.tokens[i]);
    read_post_processor(optional_member(root_, "post_processor"));
    read_config();
    find_end_of_generation(spec_);
    return std::move(spec_);
  }

 private:
  void read_kind(const Json& model) {
    std::string type = text_or(model, "type", "");
    if (type.empty())
      type = model.contains("merges") ? "BPE" : member(model, "vocab").is_array() ? "Unigram" : "WordPiece";
    spec_.name = type;
    if (type == "BPE") {
      spec_.kind = TokenizerKind::bpe;
      require(text_or(model, "continuing_subword_prefix", "").empty(),
              "model: a continuing_subword_prefix is not supported for BPE");
      spec_.end_of_word = text_or(model, "end_of_word_suffix", "");
      spec_.ignore_merges = flag_or(model, "ignore_merges", false);
      spec_.fuse_unknown = flag_or(model, "fuse_unk", false);
      spec_.byte_fallback = flag_or(model, "byte_fallback", false);
    } else if (type == "Unigram") {
      spec_.kind = TokenizerKind::unigram;
      spec_.fuse_unknown = true;
      spec_.byte_fallback = flag_or(model, "byte_fallback", false);
    } else if (type == "WordPiece") {
      spec_.kind = TokenizerKind::word_piece;
      spec_.continuing = text_or(model, "continuing_subword_prefix", "##");
      if (auto chars = optional_member(model, "max_input_chars_per_word"); chars.is_number_unsigned())
        spec_.max_word_chars = chars.get<std::size_t>();
    } else {
      fail("model: the type '{}' is not supported; BPE, Unigram and WordPiece are", type.substr(0, 64));
    }
  }

  void put(std::int64_t id, const std::string& token, TokenType type) {
    require(id >= 0 && id < kMaxTokens, "the token '{}' has the id {}, which is outside 0..{}", token.substr(0, 64), id,
            kMaxTokens - 1);
    const auto i = static_cast<std::size_t>(id);
    if (i >= spec_.tokens.size()) {
      require(i < 2 * count_ + 100000, "the token '{}' has the id {} in a vocabulary of {} tokens", token.substr(0, 64),
              id, count_);
      spec_.tokens.resize(i + 1);
      spec_.types.resize(i + 1, TokenType::unused);
      if (spec_.kind == TokenizerKind::unigram) spec_.scores.resize(i + 1);
    }
    spec_.tokens[i] = token;
    spec_.types[i] = type;
    ids_[token] = static_cast<std::int32_t>(id);
  }

  void read_vocabulary(const Json& vocabulary) {
    count_ = vocabulary.size();
    if (spec_.kind == TokenizerKind::unigram) {
      require(vocabulary.is_array(), "model.vocab: a list of [token, score] is needed");
      for (const Json& pair : vocabulary) {
        require(pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_number(),
                "model.vocab: entry {} is not [token, score]", spec_.tokens.size());
        const std::size_t id = spec_.tokens.size();
        put(static_cast<std::int64_t>(id), pair[0].get<std::string>(), TokenType::normal);
        spec_.scores[id] = pair[1].get<float>();
      }
      return;
    }
    require(vocabulary.is_object(), "model.vocab: an object of token: id is needed");
    for (const auto& [token, id] : vocabulary.items()) {
      require(id.is_number_integer(), "model.vocab: the id of '{}' is not a whole number", token.substr(0, 64));
      put(id.get<std::int64_t>(), token, TokenType::normal);
    }
  }

  void read_added() {
    const Json list = optional_member(root_, "added_tokens");
    if (list.is_null()) return;
    require(list.is_array(), "added_tokens: a list is needed");
    for (const Json& entry : list) {
      AddedToken token;
      const Json& id = member(entry, "id");
      require(id.is_number_integer(), "added_tokens: an id is not a whole number");
      token.content = text_or(entry, "content", "");
      token.special = flag_or(entry, "special", false);
      token.normalized = flag_or(entry, "normalized", !token.special);
      token.left_strip = flag_or(entry, "lstrip", false);
      token.right_strip = flag_or(entry, "rstrip", false);
      token.single_word = flag_or(entry, "single_word", false);
      put(id.get<std::int64_t>(), token.content, token.special ? TokenType::control : TokenType::user_defined);
      token.id = ids_.at(token.content);
      spec_.added.push_back(std::move(token));
    }
  }

  std::optional<std::int32_t> id_of(const std::string& token) const {
    auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

  void read_unknown(const Json& model) {
    if (spec_.kind == TokenizerKind::unigram) {
      if (const Json id = optional_member(model, "unk_id"); id.is_number_integer()) {
        require(id.get<std::int64_t>() >= 0 && id.get<std::int64_t>() < static_cast<std::int64_t>(spec_.tokens.size()),
                "model.unk_id: there is no token {}", id.get<std::int64_t>());
        spec_.unknown = id.get<std::int32_t>();
      }
    } else if (const std::string token = text_or(model, "unk_token", ""); !token.empty()) {
      spec_.unknown = id_of(token);
      require(spec_.unknown.has_value(), "model.unk_token: '{}' is not in the vocabulary", token.substr(0, 64));
    }
    if (spec_.unknown) spec_.types[static_cast<std::size_t>(*spec_.unknown)] = TokenType::unknown;
  }

  void read_merges(const Json& merges) {
    require(merges.is_array(), "model.merges: a list is needed");
    spec_.merges.reserve(merges.size());
    for (const Json& entry : merges) {
      std::string left, right;
      if (entry.is_string()) {
        const auto& both = entry.get_ref<const std::string&>();
        const std::size_t blank = both.find(' ');
        require(blank != both.npos, "model.merges: '{}' is not two tokens", both.substr(0, 64));
        left = both.substr(0, blank), right = both.substr(blank + 1);
      } else {
        require(entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string(),
                "model.merges: rule {} is not two tokens", spec_.merges.size());
        left = entry[0].get<std::string>(), right = entry[1].get<std::string>();
      }
      const auto a = id_of(left), b = id_of(right), both = id_of(left + right);
      require(a && b && both, "model.merges: '{}' and '{}' or both together are not in the vocabulary",
              left.substr(0, 64), right.substr(0, 64));
      spec_.merges.push_back({*a, *b, *both});
    }
  }

  void read_post_processor(const Json& processor) {
    if (processor.is_null()) return;
    const std::string type = text_or(processor, "type", "");
    if (type == "Sequence") {
      for (const Json& one : member(processor, "processors")) read_post_processor(one);
    } else if (type == "TemplateProcessing") {
      read_template(processor);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      auto id = [&](const char* name) {
        const Json& pair = member(processor, name);
        require(pair.is_array() && pair.size() == 2 && pair[1].is_number_integer(),
                "post_processor.{}: not [token, id]", name);
        return pair[1].get<std::int32_t>();
      };
      spec_.before.push_back(id("cls"));
      spec_.after.push_back(id("sep"));
    } else {
      require(type == "ByteLevel", "post_processor: the type '{}' is not supported", type.substr(0, 64));
    }
  }

  void read_template(const Json& processor) {
    bool seen = false;
    for (const Json& piece : member(processor, "single")) {
      if (piece.contains("Sequence")) {
        seen = true;
        continue;
      }
      const std::string name = text_or(member(piece, "SpecialToken"), "id", "");
      for (const Json& id : member(member(member(processor, "special_tokens"), name.c_str()), "ids")) {
        require(id.is_number_integer(), "post_processor: an id of '{}' is not a whole number", name.substr(0, 64));
        (seen ? spec_.after : spec_.before).push_back(id.get<std::int32_t>());
      }
    }
  }

  // Who is BOS and EOS, and the chat template, stand in a file of their own.
  void read_config() {
    auto token = [&](const char* name) -> std::optional<std::int32_t> {
      const Json entry = optional_member(config_, name);
      if (entry.is_string()) return id_of(entry.get<std::string>());
      return entry.is_object() ? id_of(text_or(entry, "content", "")) : std::nullopt;
    };
    spec_.bos = token("bos_token");
    spec_.eos = token("eos_token");
    spec_.pad = token("pad_token");
    const Json chat = optional_member(config_, "chat_template");
    if (chat.is_string()) spec_.chat_template = chat.get<std::string>();
    if (chat.is_array())  // several by name
      for (const Json& one : chat)
        if (text_or(one, "name", "") == "default") spec_.chat_template = text_or(one, "template", "");
    if (!optional_member(root_, "post_processor").is_null()) return;
    if (spec_.bos && flag_or(config_, "add_bos_token", false)) spec_.before.push_back(*spec_.bos);
    if (spec_.eos && flag_or(config_, "add_eos_token", false)) spec_.after.push_back(*spec_.eos);
  }

  const Json& root_;
  const Json& config_;
  TokenizerSpec spec_;
  std::size_t count_ = 0;
  std::unordered_map<std::string, std::int32_t> ids_;
};

}  // namespace

TokenizerSpec spec_from_json(std::string_view tokenizer, std::string_view config) {
  const Json root = parse_json(tokenizer, "the tokenizer", kMaxBytes, 64);
  const Json settings = config.empty() ? Json::object() : parse_json(config, "tokenizer_config.json", kMaxBytes, 64);
  require(root.is_object() && settings.is_object(), "a tokenizer is a JSON object");
  try {
    return Reader(root, settings).read();
  } catch (const nlohmann::json::exception& e) {
    fail("the tokenizer has a value of the wrong type: {}", e.what());
  }
}

}  // namespace frugal
