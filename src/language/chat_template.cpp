#include "language/chat_template.h"

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

const std::string& source_of(const Tokenizer& tokenizer) {
  require(!tokenizer.chat_template().empty(), "this model has no chat template; give it a prompt, not messages");
  return tokenizer.chat_template();
}

std::string written(const Tokenizer& tokenizer, std::optional<std::int32_t> id) {
  return id ? tokenizer.text(*id) : "";
}

template <typename Body>
auto naming_template(Body&& body) {
  try {
    return body();
  } catch (const Error& e) {
    fail("the chat template, {}", e.what());
  }
}

}  // namespace

ChatTemplate::ChatTemplate(const Tokenizer& tokenizer)
    : ChatTemplate(source_of(tokenizer), written(tokenizer, tokenizer.bos()), written(tokenizer, tokenizer.eos())) {}

ChatTemplate::ChatTemplate(std::string_view source, std::string bos, std::string eos)
    : template_(naming_template([&] { return Template(source); })), bos_(std::move(bos)), eos_(std::move(eos)) {}

std::string ChatTemplate::apply(const nlohmann::ordered_json& messages, bool add_generation_prompt,
                                const nlohmann::ordered_json* more) const {
  require(messages.is_array() && !messages.empty(), "the messages are a list with at least one message");
  for (const auto& message : messages)
    require(message.is_object() && message.contains("role") && message["role"].is_string(),
            "a message is an object with a 'role'");
  nlohmann::ordered_json variables = more ? *more : nlohmann::ordered_json::object();
  require(variables.is_object(), "the variables of a chat template are a JSON object");
  variables["messages"] = messages;
  variables["add_generation_prompt"] = add_generation_prompt;
  variables["bos_token"] = bos_;
  variables["eos_token"] = eos_;
  for (const char* name : {"tools", "documents"})  // transformers gives None where there are none
    if (!variables.contains(name)) variables[name] = nullptr;
  return naming_template([&] { return template_.render(variables); });
}

}  // namespace frugal
