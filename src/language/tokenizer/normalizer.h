// The steps that text goes through before it is cut into words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "language/tokenizer/spec.h"

namespace frugal {

std::string normalized(std::string_view text, const std::vector<NormalizerStep>& steps);

}  // namespace frugal
