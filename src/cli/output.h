// What commands print on stdout.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "frugal/graph.h"

namespace frugal {

using Json = nlohmann::ordered_json;  // keys in the order of the documentation

template <typename... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  fmt::vprint(stdout, format, fmt::make_format_args(args...));
}

// The one document of --json. Text that is not UTF-8 (a file's name) is shown with replacement characters.
void print_json(const Json& document);

// Columns as wide as their widest cell; a heading that starts with '>' aligns its column to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void row(std::vector<std::string> cells);
  std::string text() const;
  void print() const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

std::string grouped(std::int64_t number);      // "40,813,184"
std::string short_count(std::int64_t number);  // "40.8 M"
std::string bytes_text(std::uint64_t bytes);   // "1.2 MiB"
std::string percent(double share);             // "91.73%"

Json shape_json(const SymShape& shape);                                 // ["batch", 3, 224, 224]
Json values_json(const Graph& graph, std::span<const ValueId> values);  // [{name, dtype, shape}]

}  // namespace frugal
