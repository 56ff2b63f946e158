#include <filesystem>

#include "base/check.h"
#include "formats/file.h"
#include "formats/gguf.h"
#include "language/tokenizer.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

std::string read_text(const std::string& path) { return std::string(MappedFile::open(path)->text()); }

Tokenizer from_json(const fs::path& path) {
  const fs::path config = path.parent_path() / "tokenizer_config.json";
  const fs::path chat = path.parent_path() / "chat_template.jinja";
  const std::string settings = fs::exists(config) ? read_text(config.string()) : "";
  return naming_file(path.string(), [&] {
    TokenizerSpec spec = spec_from_json(read_text(path.string()), settings);
    if (fs::exists(chat)) spec.chat_template = read_text(chat.string());
    return Tokenizer(std::move(spec));
  });
}

}  // namespace

Tokenizer load_tokenizer(const std::string& path) {
  if (fs::is_directory(path)) {
    const fs::path inside = fs::path(path) / "tokenizer.json";
    require(fs::exists(inside), "{}: no tokenizer.json is in this folder", path);
    return from_json(inside);
  }
  if (path.ends_with(".json")) return from_json(path);
  if (path.ends_with(".gguf")) return naming_file(path, [&] { return Tokenizer(spec_from_gguf(read_gguf(path))); });
  fail_usage("{}: a tokenizer is read from a .gguf file, a tokenizer.json or a folder that holds one", path);
}

}  // namespace frugal
