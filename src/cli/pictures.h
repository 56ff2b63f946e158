// The pictures that a command is given.
#pragma once

#include <string>
#include <vector>

namespace frugal {

// Files as they are; of folders the pictures within, at any depth, by name. Error for a folder without any.
std::vector<std::string> find_pictures(const std::vector<std::string>& paths);

}  // namespace frugal
