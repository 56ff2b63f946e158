#include "formats/strict_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"

namespace frugal {

nlohmann::json parse_json(std::string_view text, std::string_view what, std::size_t max_bytes, int max_depth) {
  using nlohmann::json;
  require(text.size() <= max_bytes, "{} is {} bytes of JSON, above the limit of {}", what, text.size(), max_bytes);
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  auto check = [&](int depth, json::parse_event_t event, json& parsed) {
    require(depth <= max_depth, "{} is nested deeper than {}", what, max_depth);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key)
      require(keys.back().insert(parsed.get<std::string>()).second, "{} has a duplicate key '{}'", what,
              parsed.get<std::string>().substr(0, 64));
    return true;
  };
  try {
    return json::parse(text, check);
  } catch (const json::exception&) {
    fail("{} is not valid JSON", what);
  }
}

}  // namespace frugal
