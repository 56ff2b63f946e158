// From a conversation to the prompt that a model was trained on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "language/jinja/template.h"

namespace frugal {

class Tokenizer;

// The template that a model carries, with the names that transformers gives it.
class ChatTemplate {
 public:
  // Error where the model has no template, or one with a mistake.
  explicit ChatTemplate(const Tokenizer& tokenizer);
  ChatTemplate(std::string_view source, std::string bos, std::string eos);

  // messages: a list of {"role", "content", ...}; `more`: further variables (tools, documents, enable_thinking), may be
  // null. `add_generation_prompt`: the beginning of the answer is written too. Special tokens are part of the text, so
  // that it is to be encoded without adding any. Error for what the template refuses.
  std::string apply(const nlohmann::ordered_json& messages, bool add_generation_prompt = true,
                    const nlohmann::ordered_json* more = nullptr) const;

 private:
  Template template_;
  std::string bos_, eos_;
};

}  // namespace frugal
