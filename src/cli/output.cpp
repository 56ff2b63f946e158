#include "cli/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/terminal.h"

namespace frugal {
namespace {

// Columns that a text takes on a terminal: code points, not bytes.
std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

void print_json(const Json& document) { print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace)); }

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (std::string& heading : headings_) {
    right_.push_back(heading.starts_with('>'));
    if (right_.back()) heading.erase(0, 1);
  }
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < headings_.size(); ++c) {
    widths.push_back(display_width(headings_[c]));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], display_width(row[c]));
  }
  auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      std::string padding(widths[c] - display_width(cells[c]), ' ');
      if (c > 0) out += "  ";
      out += right_[c] ? padding + cells[c] : cells[c] + padding;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  };
  std::string out = coloured(line(headings_), Colour::bold, 1) + "\n";
  for (const auto& row : rows_) out += line(row) + "\n";
  return out;
}

void Table::print() const { frugal::print("{}", text()); }

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  std::int64_t first = digits.starts_with('-') ? 1 : 0;
  for (auto at = static_cast<std::int64_t>(digits.size()) - 3; at > first; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string short_count(std::int64_t number) {
  auto value = static_cast<double>(number);
  if (value >= 1e9) return fmt::format("{:.3g} G", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.3g} M", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.3g} k", value / 1e3);
  return std::to_string(number);
}

std::string bytes_text(std::uint64_t bytes) {
  auto value = static_cast<double>(bytes);
  if (bytes >= std::uint64_t{1} << 30) return fmt::format("{:.2f} GiB", value / (1u << 30));
  if (bytes >= 1 << 20) return fmt::format("{:.2f} MiB", value / (1 << 20));
  if (bytes >= 1 << 10) return fmt::format("{:.1f} KiB", value / (1 << 10));
  return fmt::format("{} B", bytes);
}

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

Json shape_json(const SymShape& shape) {
  Json dims = Json::array();
  for (const Dim& dim : shape) {
    if (dim.fixed())
      dims.push_back(dim.value());
    else
      dims.push_back(dim.text());
  }
  return dims;
}

Json values_json(const Graph& graph, std::span<const ValueId> values) {
  Json out = Json::array();
  for (ValueId id : values) {
    const Value& value = graph.value(id);
    out.push_back({{"name", value.name}, {"dtype", name(value.type.dtype)}, {"shape", shape_json(value.type.shape)}});
  }
  return out;
}

}  // namespace frugal
