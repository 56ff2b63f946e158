#pragma once

#include <string>

namespace frugal {

// The path of frugal-train beside this program, or "" where it was not built.
std::string train_program();

}  // namespace frugal
