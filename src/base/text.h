// Small text helpers that several levels need.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frugal {

// The candidate nearest to `word` by edit distance, or "" where none is near (more than half its length away).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
// ", did you mean 'resnet18'?" or "".
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);
// For the text and the attributes of an SVG; control characters, which XML forbids, are left out.
std::string xml_escaped(std::string_view text);
std::string join(const std::vector<std::string>& words, std::string_view separator);

}  // namespace frugal
