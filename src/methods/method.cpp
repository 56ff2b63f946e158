#include "methods/method.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/text.h"

namespace frugal {

MethodOptions::MethodOptions(std::string_view method, std::span<const MethodOption> known,
                             const std::vector<std::string>& given)
    : method_(method) {
  std::vector<std::string> names;
  for (const MethodOption& o : known) {
    values_[o.name] = o.fallback;
    names.push_back(o.name);
  }
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) fail_usage("--set {}: write it as name=value", text);
    const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
    auto option = std::find_if(known.begin(), known.end(), [&](const MethodOption& o) { return o.name == name; });
    if (option == known.end())
      fail_usage("{} has no option '{}'{}; it has {}", method_, name, suggestion(name, names), join(names, ", "));
    if (!option->choices.empty() &&
        std::find(option->choices.begin(), option->choices.end(), value) == option->choices.end())
      fail_usage("--set {}: {} is one of {}", text, name, join(option->choices, ", "));
    values_[name] = value;
    given_[name] = true;
  }
}

const std::string& MethodOptions::text(std::string_view name) const {
  auto found = values_.find(name);
  FRUGAL_ASSERT(found != values_.end());
  return found->second;
}

bool MethodOptions::given(std::string_view name) const { return given_.contains(name); }

double MethodOptions::number(std::string_view name, double low, double high) const {
  const std::string& value = text(name);
  double out = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size() || !(out >= low && out <= high))
    fail_usage("{}: {}={} must be a number in {}..{}", method_, name, value, low, high);
  return out;
}

std::int64_t MethodOptions::integer(std::string_view name, std::int64_t low, std::int64_t high) const {
  const std::string& value = text(name);
  std::int64_t out = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size() || out < low || out > high)
    fail_usage("{}: {}={} must be a whole number in {}..{}", method_, name, value, low, high);
  return out;
}

MethodRegistry& MethodRegistry::instance() {
  static MethodRegistry* registry = [] {
    auto* r = new MethodRegistry;
    register_all_method(*r);
    std::sort(r->methods_.begin(), r->methods_.end(), [](const Method& a, const Method& b) { return a.name < b.name; });
    return r;
  }();
  return *registry;
}

const Method& MethodRegistry::get(std::string_view name) const {
  std::vector<std::string> names;
  for (const Method& m : methods_) {
    if (m.name == name) return m;
    names.push_back(m.name);
  }
  fail_usage("there is no method '{}'{} (see: frugal compress --list)", name, suggestion(name, names));
}

}  // namespace frugal
