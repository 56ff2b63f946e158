// Files that a model names beside itself: external data of ONNX, shards of safetensors.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "formats/file.h"

namespace frugal {

// Opens files below one folder only: no absolute path, no "..", no symbolic link, no file that has a second name
// (a hard link may come from outside). Each is mapped once.
class ModelFolder {
 public:
  explicit ModelFolder(std::string folder) : folder_(std::move(folder)) {}
  std::shared_ptr<const MappedFile> open(const std::string& location);

 private:
  std::string folder_;  // empty: there is none, everything is refused
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

}  // namespace frugal
