#include <filesystem>
#include <iterator>

#include "base/check.h"
#include "base/pages.h"
#include "formats/file.h"
#include "formats/hf_folder.h"
#include "language/hf_model.h"
#include "language/language_model.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

LanguageModel from_gguf(const Gguf& file) {
  LanguageModel out;
  out.config = gguf_config(file);
  out.model = gguf_model(file, out.config);
  if (file.find("tokenizer.ggml.model")) out.tokenizer = std::make_shared<Tokenizer>(spec_from_gguf(file));
  return out;
}

LanguageModel from_folder(const std::string& path) {
  HfFolder folder = read_hf_folder(path);
  LanguageModel out;
  out.config = hf_config(folder.config);
  out.model = hf_model(
      folder.config, {std::make_move_iterator(folder.tensors.begin()), std::make_move_iterator(folder.tensors.end())});
  if (fs::exists(fs::path(path) / "tokenizer.json")) out.tokenizer = std::make_shared<Tokenizer>(load_tokenizer(path));
  return out;
}

}  // namespace

LanguageModel load_language_model(const std::string& path) {
  LanguageModel out;
  if (path.ends_with(".gguf")) {
    const Gguf file = read_gguf(path);  // its sentences name the file by themselves
    out = naming_file(path, [&] { return from_gguf(file); });
  } else if (fs::is_directory(path)) {
    out = naming_file(path, [&] { return from_folder(path); });
  } else {
    fail_usage("{}: a language model is a .gguf file, or a folder with config.json and safetensors", path);
  }
  trim_heap();  // the metadata of the file, a large part of it the vocabulary, were there beside the tokenizer
  if (out.tokenizer) {
    out.ends = out.tokenizer->spec().end_of_generation;
    if (out.tokenizer->size() > out.config.vocabulary)
      fail("{}: the tokenizer has {} tokens, but the model's vocabulary {}", path, out.tokenizer->size(),
           out.config.vocabulary);
  }
  return out;
}

}  // namespace frugal
