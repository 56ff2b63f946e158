// Filters, tests, methods and global functions of templates.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "language/jinja/value.h"

namespace frugal::jinja {

// Functions by name, whose args.positional[0] is the value itself. Error (without the line) for what Python would
// refuse.
template <typename Result>
struct Library {
  const char* kind;
  std::map<std::string, Result (*)(const Args& args), std::less<>> functions;

  bool has(std::string_view name) const { return functions.contains(name); }
  std::string unknown(std::string_view name) const {  // the sentence
    std::vector<std::string> names;
    for (const auto& [there, run] : functions) names.push_back(there);
    return "there is no " + std::string(kind) + " '" + std::string(name) + "'" + suggestion(name, names);
  }
  Result apply(std::string_view name, const Args& args) const {
    const auto found = functions.find(name);
    if (found == functions.end()) fail("{}", unknown(name));
    return found->second(args);
  }
};
const Library<Value>& filters();
const Library<bool>& tests();

// object.name as a method of Python's str, dict or list: a function, or nothing.
std::optional<Value> method(const Value& object, std::string_view name);
// object[key] or object.key; undefined where there is none.
Value item_of(const Value& object, const Value& key);
Value attribute_of(const Value& object, std::string_view name);
Value slice_of(const Value& object, const Value* start, const Value* stop, const Value* step);
Value binary_result(std::string_view sign, const Value& left, const Value& right);
bool contains(const Value& container, const Value& item);

// range, namespace, dict, raise_exception, strftime_now.
Dict global_functions();

std::size_t char_count(std::string_view text);
std::vector<std::string_view> chars_of(std::string_view text);
// Error beyond the size that a text may have.
std::string joined_text(std::string_view a, std::string_view b);

}  // namespace frugal::jinja
