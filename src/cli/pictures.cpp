#include "cli/pictures.h"

#include <algorithm>
#include <filesystem>

#include "base/check.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".ppm" ||
         extension == ".pgm";
}

}  // namespace

std::vector<std::string> find_pictures(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      found.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry : fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied))
      if (entry.is_regular_file() && is_picture(entry.path())) inside.push_back(entry.path().string());
    require(!inside.empty(), "{}: the folder holds no pictures (.jpg, .png, .ppm)", path);
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  return found;
}

}  // namespace frugal
