#include "models/registry.h"

#include "base/check.h"
#include "base/text.h"

namespace frugal {

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
  auto fill = [](std::int64_t& value, std::int64_t fallback) { if (value == 0) value = fallback; };
  fill(options.classes, entry.defaults.classes);
  fill(options.channels, entry.defaults.channels);
  fill(options.height, entry.defaults.height);
  fill(options.width, entry.defaults.width);
  Graph graph = entry.build(options);
  graph.set_name(std::string(name));
  return graph;
}

}  // namespace frugal
