#include "formats/hf_folder.h"

#include <filesystem>
#include <set>

#include "formats/file.h"
#include "formats/folder.h"
#include "formats/safetensors.h"
#include "formats/strict_json.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxShards = 1024;

nlohmann::json read_json(const std::string& path) {
  auto mapping = MappedFile::open(path);
  const std::span<const std::byte> bytes = mapping->bytes();
  nlohmann::json json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
  require(json.is_object(), "{} is not a JSON object", path);
  return json;
}

// The tensors of each file, as the index says.
std::map<std::string, std::set<std::string>> read_index(const std::string& path) {
  const nlohmann::json index = read_json(path);
  const auto map = index.find("weight_map");
  require(map != index.end() && map->is_object(), "{} has no object 'weight_map'", path);
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, file] : map->items()) {
    require(file.is_string(), "{}: the file of tensor '{}' is not a string", path, tensor);
    shards[file.get<std::string>()].insert(tensor);
    require(shards.size() <= kMaxShards, "{} names more than {} files", path, kMaxShards);
  }
  return shards;
}

std::map<std::string, Tensor> read_shards(const std::string& folder, const std::string& index) {
  std::map<std::string, Tensor> tensors;
  ModelFolder files(folder);
  for (const auto& [file, names] : read_index(index)) {
    SafetensorsFile shard = naming_file(index, [&] {
      auto mapping = files.open(file);
      return naming_file(file, [&] { return read_safetensors(mapping->bytes(), mapping); });
    });
    for (const std::string& name : names) {
      auto found = shard.tensors.find(name);
      require(found != shard.tensors.end(), "{}: the file '{}' does not hold the tensor '{}'", index, file, name);
      tensors.emplace(name, std::move(found->second));
    }
  }
  return tensors;
}

}  // namespace

HfFolder read_hf_folder(const std::string& folder) {
  require(fs::is_directory(folder), "{} is not a folder", folder);
  const std::string single = (fs::path(folder) / "model.safetensors").string();
  const std::string index = single + ".index.json";
  HfFolder out;
  out.config = read_json((fs::path(folder) / "config.json").string());
  if (fs::exists(index)) {
    out.tensors = read_shards(folder, index);
  } else {
    require(fs::exists(single), "{} has neither model.safetensors nor model.safetensors.index.json", folder);
    out.tensors = read_safetensors(single).tensors;
  }
  return out;
}

}  // namespace frugal
