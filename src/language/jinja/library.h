// Filters, tests, methods and global functions of templates.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "language/jinja/value.h"

namespace frugal::jinja {

bool has_filter(std::string_view name);
bool has_test(std::string_view name);
std::vector<std::string> filter_names();
std::vector<std::string> test_names();

// args.positional[0] is the value itself. Error (without the line) for what Python would refuse.
Value apply_filter(std::string_view name, const Args& args);
bool apply_test(std::string_view name, const Args& args);

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
