#include "formats/onnx/notes.h"

#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

namespace frugal {
namespace {

class NamesParser {
 public:
  explicit NamesParser(std::string_view text) : text_(text) {}

  std::optional<std::vector<std::string>> run() {
    const bool numbered = take('{');
    if (!numbered && !take('[')) return std::nullopt;
    const char end = numbered ? '}' : ']';
    std::vector<std::string> names;
    while (!take(end)) {
      if (!names.empty() && !take(',')) return std::nullopt;
      if (numbered && !(number(names.size()) && take(':'))) return std::nullopt;
      std::optional<std::string> name = quoted();
      if (!name) return std::nullopt;
      names.push_back(std::move(*name));
    }
    space();
    return at_ == text_.size() && !names.empty() ? std::optional(names) : std::nullopt;
  }

 private:
  void space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(char c) {
    space();
    const bool there = at_ < text_.size() && text_[at_] == c;
    at_ += there ? 1 : 0;
    return there;
  }
  // The number expected, also in quotes (JSON).
  bool number(std::size_t expected) {
    const bool quote = take('"');
    space();
    std::size_t value = 0;
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    at_ = static_cast<std::size_t>(end - text_.data());
    return error == std::errc() && value == expected && (!quote || take('"'));
  }
  std::optional<std::string> quoted() {
    space();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const char quote = text_[at_++];
    std::string out;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      out += text_[at_];
    }
    if (at_ == text_.size()) return std::nullopt;
    ++at_;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::string>> parse_names(std::string_view text) { return NamesParser(text).run(); }

std::map<std::string, std::string> notes_from_onnx(const onnx::ModelProto& proto) {
  std::map<std::string, std::string> notes;
  std::optional<std::vector<std::string>> names;
  for (const auto& entry : proto.metadata_props()) {
    const std::string &key = entry.key(), &value = entry.value();
    const bool ours = (key == "task" && value.starts_with('{')) || (key == "labels" && value.starts_with('[')) ||
                      key == "recipe" || key == "metrics";
    if (ours) notes.emplace(key, value);
    if (key == "names") names = parse_names(value);
  }
  if (names)
    notes.emplace("labels", nlohmann::json(*names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return notes;
}

}  // namespace frugal
