#include "language/tokenizer/spec_steps.h"

#include <map>

#include "base/check.h"

namespace frugal {
namespace {

using Json = nlohmann::json;
using Kind = NormalizerStep::Kind;

const char* kPunctuation = R"([\p{P}!-/:-@\[-`{-~])";

// {"String": text} or {"Regex": pattern}.
SplitPattern pattern_of(const Json& pattern) {
  if (pattern.contains("Regex")) return SplitPattern(text_or(pattern, "Regex", ""));
  const std::string text = text_or(pattern, "String", "");
  require(!text.empty(), "a pattern of the tokenizer is empty");
  std::string escaped;
  for (char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}-&").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return SplitPattern(escaped);
}

SplitBehavior behavior_of(const Json& object) {
  const std::string name = text_or(object, "behavior", "Isolated");
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  require(name == "Contiguous", "pre_tokenizer: the behavior '{}' is not known", name.substr(0, 64));
  return SplitBehavior::contiguous;
}

void add(TokenizerSpec& spec, const char* pattern, SplitBehavior behavior) {
  spec.splits.push_back({.pattern = SplitPattern(pattern), .behavior = behavior});
}

void read_metaspace(TokenizerSpec& spec, const Json& step) {
  require(text_or(step, "replacement", "▁") == kBlankMark, "pre_tokenizer: Metaspace with another replacement than ▁");
  const std::string scheme =
      text_or(step, "prepend_scheme", flag_or(step, "add_prefix_space", true) ? "always" : "never");
  SplitStage stage;
  stage.write_marks = true;
  stage.prefix = {scheme == "always"  ? TextPrefix::Where::always
                  : scheme == "first" ? TextPrefix::Where::first
                                      : TextPrefix::Where::never,
                  std::string(kBlankMark)};
  if (flag_or(step, "split", true)) {
    stage.pattern = SplitPattern(kBlankMark);
    stage.behavior = SplitBehavior::merged_with_next;
  }
  spec.marks_are_blanks = true;
  spec.splits.push_back(std::move(stage));
}

void read_byte_level(TokenizerSpec& spec, const Json& step) {
  SplitStage stage;
  if (flag_or(step, "use_regex", true)) stage = gpt2_split();
  if (flag_or(step, "add_prefix_space", true)) stage.prefix = {TextPrefix::Where::always, " "};
  spec.byte_level = true;
  spec.splits.push_back(std::move(stage));
}

}  // namespace

const Json& member(const Json& object, const char* name) {
  require(object.is_object() && object.contains(name), "'{}' is missing in the tokenizer", name);
  return object.at(name);
}

Json optional_member(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) ? object.at(name) : Json();
}

std::string text_or(const Json& object, const char* name, const std::string& otherwise) {
  const Json value = optional_member(object, name);
  return value.is_string() ? value.get<std::string>() : otherwise;
}

bool flag_or(const Json& object, const char* name, bool otherwise) {
  const Json value = optional_member(object, name);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

void read_normalizer(TokenizerSpec& spec, const Json& normalizer) {
  if (normalizer.is_null()) return;
  static const std::map<std::string, Kind> plain = {{"NFC", Kind::nfc},
                                                    {"NFD", Kind::nfd},
                                                    {"NFKC", Kind::nfkc},
                                                    {"NFKD", Kind::nfkd},
                                                    {"Lowercase", Kind::lowercase},
                                                    {"StripAccents", Kind::strip_accents}};
  const std::string type = text_or(normalizer, "type", "");
  auto& steps = spec.normalizer;
  if (auto found = plain.find(type); found != plain.end()) {
    steps.push_back({found->second});
  } else if (type == "Sequence") {
    for (const Json& one : member(normalizer, "normalizers")) read_normalizer(spec, one);
  } else if (type == "Prepend") {
    steps.push_back({Kind::prepend, "", text_or(normalizer, "prepend", "")});
  } else if (type == "Strip") {
    if (flag_or(normalizer, "strip_left", true)) steps.push_back({Kind::strip_left});
    if (flag_or(normalizer, "strip_right", true)) steps.push_back({Kind::strip_right});
  } else if (type == "Replace") {
    const Json& pattern = member(normalizer, "pattern");
    NormalizerStep step{Kind::replace, text_or(pattern, "String", ""), text_or(normalizer, "content", "")};
    if (step.from.empty()) step.pattern = std::make_shared<const SplitPattern>(pattern_of(pattern));
    steps.push_back(std::move(step));
  } else if (type == "BertNormalizer") {
    const bool lower = flag_or(normalizer, "lowercase", true);
    if (flag_or(normalizer, "clean_text", true)) steps.push_back({Kind::clean});
    if (flag_or(normalizer, "handle_chinese_chars", true)) steps.push_back({Kind::space_han});
    if (flag_or(normalizer, "strip_accents", lower)) steps.push_back({Kind::bert_accents});
    if (lower) steps.push_back({Kind::lowercase});
  } else if (type == "ByteLevel") {
    spec.byte_level = true;
  } else {
    fail("normalizer: the type '{}' is not supported", type.substr(0, 64));
  }
}

void read_pre_tokenizer(TokenizerSpec& spec, const Json& step) {
  if (step.is_null()) return;
  const std::string type = text_or(step, "type", "");
  if (type == "Sequence") {
    for (const Json& one : member(step, "pretokenizers")) read_pre_tokenizer(spec, one);
  } else if (type == "ByteLevel") {
    read_byte_level(spec, step);
  } else if (type == "Metaspace") {
    read_metaspace(spec, step);
  } else if (type == "Split") {
    spec.splits.push_back({.pattern = pattern_of(member(step, "pattern")),
                           .behavior = behavior_of(step),
                           .inverted = flag_or(step, "invert", false)});
  } else if (type == "Digits") {
    const bool each = flag_or(step, "individual_digits", false);
    add(spec, each ? R"(\p{N})" : R"(\p{N}+)", SplitBehavior::isolated);
  } else if (type == "Punctuation") {
    spec.splits.push_back({.pattern = SplitPattern(kPunctuation), .behavior = behavior_of(step)});
  } else if (type == "WhitespaceSplit") {
    add(spec, R"(\s+)", SplitBehavior::removed);
  } else if (type == "Whitespace") {
    spec.splits.push_back(
        {.pattern = SplitPattern(R"(\w+|[^\w\s]+)"), .behavior = SplitBehavior::removed, .inverted = true});
  } else if (type == "BertPreTokenizer") {
    set_pre_tokenizer(spec, "bert");
  } else {
    fail("pre_tokenizer: the type '{}' is not supported", type.substr(0, 64));
  }
}

void read_decoder(TokenizerSpec& spec, const Json& decoder) {
  const std::string type = text_or(decoder, "type", "");
  if (type == "Sequence") {
    for (const Json& one : member(decoder, "decoders")) read_decoder(spec, one);
  } else if (type == "ByteLevel") {
    spec.byte_level = true;
  } else if (type == "Metaspace") {
    spec.marks_are_blanks = true;
    spec.strip_leading_blank =
        text_or(decoder, "prepend_scheme", flag_or(decoder, "add_prefix_space", true) ? "always" : "never") != "never";
  } else if (type == "Replace") {
    spec.marks_are_blanks =
        spec.marks_are_blanks || text_or(optional_member(decoder, "pattern"), "String", "") == kBlankMark;
  } else if (type == "Strip") {
    const Json start = optional_member(decoder, "start");
    spec.strip_leading_blank = start.is_number_integer() && start.get<int>() > 0;
  } else if (type == "WordPiece") {
    spec.strip_leading_blank = true;
  }
}

}  // namespace frugal
