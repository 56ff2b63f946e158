// JSON from a file that nobody vouches for.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace frugal {

// Error if `text` is longer than `max_bytes` (a document takes up to 16 times its text in memory), nested
// deeper than `max_depth`, has a duplicate key, or is not JSON. `what` begins the sentence.
nlohmann::json parse_json(std::string_view text, std::string_view what, std::size_t max_bytes = 32u << 20,
                          int max_depth = 32);

}  // namespace frugal
