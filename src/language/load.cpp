#include <filesystem>

#include "base/check.h"
#include "formats/file.h"
#include "language/language_model.h"

namespace frugal {
namespace {

LanguageModel from_gguf(const std::string& path) {
  const Gguf file = read_gguf(path);
  LanguageModel out;
  out.config = gguf_config(file);
  out.model = gguf_model(file, out.config);
  if (file.find("tokenizer.ggml.model")) out.tokenizer = std::make_shared<Tokenizer>(spec_from_gguf(file));
  return out;
}

}  // namespace

LanguageModel load_language_model(const std::string& path) {
  LanguageModel out;
  if (path.ends_with(".gguf"))
    out = naming_file(path, [&] { return from_gguf(path); });
  else
    fail_usage("{}: a language model is a .gguf file", path);
  if (out.tokenizer) {
    out.ends = out.tokenizer->spec().end_of_generation;
    if (out.tokenizer->size() > out.config.vocabulary)
      fail("{}: the tokenizer has {} tokens, but the model's vocabulary {}", path, out.tokenizer->size(),
           out.config.vocabulary);
  }
  return out;
}

}  // namespace frugal
