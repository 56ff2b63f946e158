#include "train/checkpoint.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "formats/file.h"
#include "formats/safetensors.h"
#include "train/communicator.h"
#include "train/recipe.h"

namespace frugal {

void write_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  std::map<std::string, std::string> notes = checkpoint.notes;
  notes["frugal_checkpoint"] = "1";
  write_safetensors(path, checkpoint.tensors, notes);
}

namespace {

// The bytes of the file, or why they cannot be had; the same answer for every process.
std::string read_everywhere(const std::string& path) {
  Communicator& c = Communicator::instance();
  std::string bytes, problem;
  if (c.first()) {
    try {
      if (!std::filesystem::exists(path))
        fail("there is no checkpoint {} to resume from; run without --resume to start anew", path);
      bytes = MappedFile::open(path)->text();
    } catch (const Error& e) {
      problem = e.what();
    }
  }
  auto share = [&](std::string& text) {
    std::uint64_t size = text.size();
    c.broadcast(&size, sizeof size);
    text.resize(size);
    c.broadcast(text.data(), size);
  };
  share(problem);
  require(problem.empty(), "{}", problem);
  share(bytes);
  return bytes;
}

}  // namespace

Checkpoint read_checkpoint(const std::string& path) {
  auto bytes = std::make_shared<std::string>(read_everywhere(path));
  SafetensorsFile file = naming_file(
      path, [&] { return read_safetensors(std::as_bytes(std::span(bytes->data(), bytes->size())), bytes); });
  auto version = file.metadata.find("frugal_checkpoint");
  require(version != file.metadata.end(), "{} is not a checkpoint of a training run", path);
  require(version->second == "1", "{} is a checkpoint of version {}, which this program does not know", path,
          version->second);
  return {std::move(file.tensors), std::move(file.metadata)};
}

void require_same_recipe(const nlohmann::json& saved, const nlohmann::json& now, const std::string& path) {
  static const std::set<std::string> free{"output", "threads", "device", "checkpoint_every", "eval"};
  // A key that is newer than the checkpoint had its default then.
  nlohmann::json a = recipe_json(Recipe{}), b = now;
  a.merge_patch(saved);
  for (const std::string& key : free) a.erase(key), b.erase(key);
  for (const auto& difference : nlohmann::json::diff(a, b)) {
    std::string pointer = difference["path"].get<std::string>(), key = pointer.substr(1);
    for (char& c : key)
      if (c == '/') c = '.';
    nlohmann::json::json_pointer at(pointer);
    auto text = [&](const nlohmann::json& j) { return j.contains(at) ? j[at].dump() : std::string("not there"); };
    fail(
        "{} was made with {} = {}, but the recipe now says {}; set it back to resume, or run without --resume to start "
        "anew",
        path, key, text(a), text(b));
  }
}

}  // namespace frugal
