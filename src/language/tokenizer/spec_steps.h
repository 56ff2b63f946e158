// The parts of a tokenizer.json that become steps of a TokenizerSpec, and helpers to read it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "language/tokenizer/spec.h"

namespace frugal {

// Error where it is missing.
const nlohmann::json& member(const nlohmann::json& object, const char* name);
nlohmann::json optional_member(const nlohmann::json& object, const char* name);  // null where it is missing
std::string text_or(const nlohmann::json& object, const char* name, const std::string& otherwise);
bool flag_or(const nlohmann::json& object, const char* name, bool otherwise);

void read_normalizer(TokenizerSpec& spec, const nlohmann::json& normalizer);
void read_pre_tokenizer(TokenizerSpec& spec, const nlohmann::json& pre_tokenizer);
void read_decoder(TokenizerSpec& spec, const nlohmann::json& decoder);

}  // namespace frugal
