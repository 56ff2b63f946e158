#include "cli/prompts.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/check.h"
#include "formats/file.h"
#include "formats/strict_json.h"
#include "language/chat_template.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

Prompt read_prompt(std::string_view line, const Tokenizer& tokenizer, std::optional<ChatTemplate>& chat) {
  parse_json(line, "it");  // strictly; the second time keeps the order of keys, which templates show
  const auto object = nlohmann::ordered_json::parse(line);
  require(object.is_object(), "it is no JSON object");
  if (object.contains("prompt")) {
    require(object["prompt"].is_string(), "'prompt' must be a string");
    return {.text = object["prompt"].get<std::string>()};
  }
  require(object.contains("messages"), "it has neither 'prompt' nor 'messages'");
  if (!chat) chat.emplace(tokenizer);
  nlohmann::ordered_json more = object;
  more.erase("messages");
  return {.text = chat->apply(object["messages"], true, &more), .from_template = true};
}

}  // namespace

std::vector<Prompt> read_prompts(const std::string& path, const Tokenizer& tokenizer) {
  const auto file = MappedFile::open(path);
  const std::string_view text = file->text();
  std::vector<Prompt> prompts;
  std::optional<ChatTemplate> chat;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    try {
      prompts.push_back(read_prompt(line, tokenizer, chat));
    } catch (const Error& e) {
      fail("{}, line {}: {}", path, number, e.what());
    }
  }
  return prompts;
}

}  // namespace frugal
