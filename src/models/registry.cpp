#include "models/registry.h"

#include <charconv>

#include "base/check.h"
#include "base/text.h"

namespace frugal {
namespace {

template <typename T>
T number(const ModelOptions& options, std::string_view name, T min, T max, std::string_view kind) {
  auto found = options.extra.find(name);
  FRUGAL_ASSERT(found != options.extra.end());
  const std::string& text = found->second;
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= min && value <= max))
    fail_usage("network option '{}' is '{}', but must be {} from {} to {}", name, text, kind, min, max);
  return value;
}

void fill_extra(const ModelEntry& entry, ModelOptions& options) {
  std::vector<std::string> known;
  for (const auto& [key, value] : entry.defaults.extra) known.push_back(key);
  for (const auto& [key, value] : options.extra)
    if (!entry.defaults.extra.contains(key))
      fail_usage("network '{}' has no option '{}'{}", entry.name, key,
                 known.empty() ? "" : " (it has: " + join(known, ", ") + ")");
  options.extra.insert(entry.defaults.extra.begin(), entry.defaults.extra.end());
}

}  // namespace

double real_option(const ModelOptions& options, std::string_view name, double min, double max) {
  return number<double>(options, name, min, max, "a number");
}

std::int64_t integer_option(const ModelOptions& options, std::string_view name, std::int64_t min, std::int64_t max) {
  return number<std::int64_t>(options, name, min, max, "an integer");
}

ModelRegistry& ModelRegistry::instance() {
  static ModelRegistry* registry = [] {
    auto* r = new ModelRegistry;
    register_all_model(*r);
    return r;
  }();
  return *registry;
}

void ModelRegistry::add(ModelEntry entry) {
  FRUGAL_ASSERT(entry.build && !entries_.contains(entry.name));
  std::string key = entry.name;
  entries_.emplace(std::move(key), std::move(entry));
}

const ModelEntry* ModelRegistry::find(std::string_view name) const {
  auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

const ModelEntry& ModelRegistry::get(std::string_view name) const {
  if (const ModelEntry* entry = find(name)) return *entry;
  std::vector<std::string> names;
  for (const auto& [key, entry] : entries_) names.push_back(key);
  fail_usage("there is no built-in network '{}'{} (see: frugal models)", name, suggestion(name, names));
}

std::vector<const ModelEntry*> ModelRegistry::all() const {
  std::vector<const ModelEntry*> out;
  for (const auto& [key, entry] : entries_) out.push_back(&entry);
  return out;
}

Graph build_network(std::string_view name, ModelOptions options) {
  const ModelEntry& entry = ModelRegistry::instance().get(name);
  auto fill = [](std::int64_t& value, std::int64_t fallback) {
    if (value == 0) value = fallback;
  };
  fill(options.classes, entry.defaults.classes);
  fill(options.channels, entry.defaults.channels);
  fill(options.height, entry.defaults.height);
  fill(options.width, entry.defaults.width);
  fill_extra(entry, options);
  Graph graph = entry.build(options);
  graph.set_name(std::string(name));
  return graph;
}

}  // namespace frugal
