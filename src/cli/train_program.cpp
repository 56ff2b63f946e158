#include "cli/train_program.h"

#include <unistd.h>

#include <filesystem>

namespace frugal {

std::string train_program() {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "";
  std::filesystem::path beside = self.parent_path() / "frugal-train";
  return access(beside.c_str(), X_OK) == 0 ? beside.string() : "";
}

}  // namespace frugal
