// A language model from a file: graph, weights, tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "frugal/model.h"
#include "language/tokenizer.h"
#include "models/decoder.h"

namespace frugal {

struct LanguageModel {
  DecoderConfig config;
  Model model;                           // build_decoder(config); weights share the mapped file
  std::shared_ptr<Tokenizer> tokenizer;  // null where the file has none
  std::vector<std::int32_t> ends;        // tokens that end a text
};

// A .gguf file, or a folder in the form of Hugging Face (config.json, safetensors, tokenizer.json). Error where the
// architecture is unknown, naming those that are known, or tensors do not fit.
LanguageModel load_language_model(const std::string& path);

// The parts. Names of weights become those of GGUF files.
DecoderConfig gguf_config(const Gguf& file);
Model gguf_model(const Gguf& file, const DecoderConfig& config);

}  // namespace frugal
