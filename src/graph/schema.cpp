#include "graph/schema.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace frugal {
namespace {

std::string_view type_name(AttrType type) {
  constexpr std::string_view names[] = {"true or false",      "an integer",        "a number",      "a text",
                                        "a list of integers", "a list of numbers", "a list of dims"};
  return names[static_cast<std::size_t>(type)];
}

// Integers stand for reals and an empty list for either kind, so that callers need not write 1.0.
bool convert(Attr& attr, AttrType type) {
  if (type == AttrType::real)
    if (auto* i = std::get_if<std::int64_t>(&attr.value)) attr = Attr(static_cast<double>(*i));
  if (type == AttrType::reals)
    if (auto* list = std::get_if<Ints>(&attr.value)) attr = Attr(Floats(list->begin(), list->end()));
  if (type == AttrType::integers || type == AttrType::dims)
    if (auto* list = std::get_if<Floats>(&attr.value); list && list->empty()) attr = Attr(Ints{});
  if (type == AttrType::dims)
    return std::holds_alternative<Ints>(attr.value) || std::holds_alternative<SymShape>(attr.value);
  return attr.value.index() == static_cast<std::size_t>(type);
}

std::vector<double> numbers(const Attr& attr) {
  if (auto* i = std::get_if<std::int64_t>(&attr.value)) return {static_cast<double>(*i)};
  if (auto* r = std::get_if<double>(&attr.value)) return {*r};
  if (auto* list = std::get_if<Ints>(&attr.value)) return {list->begin(), list->end()};
  if (auto* list = std::get_if<Floats>(&attr.value)) return *list;
  if (auto* list = std::get_if<SymShape>(&attr.value)) {  // those that are numbers already
    std::vector<double> known;
    for (const Dim& d : *list)
      if (d.fixed()) known.push_back(static_cast<double>(d.value()));
    return known;
  }
  return {};
}

std::size_t length(const Attr& attr) {
  if (auto* list = std::get_if<SymShape>(&attr.value)) return list->size();
  return numbers(attr).size();
}

void check_values(const AttrSpec& spec, const Attr& attr, const std::string& where) {
  for (double v : numbers(attr)) {
    require(std::isfinite(v), "{} must be finite", where);
    require(!spec.min || v >= *spec.min, "{} is {}, but must be at least {}", where, to_string(attr),
            spec.min.value_or(0));
    require(!spec.max || v <= *spec.max, "{} is {}, but must be at most {}", where, to_string(attr),
            spec.max.value_or(0));
  }
  if (spec.length > 0)
    require(length(attr) == static_cast<std::size_t>(spec.length), "{} must have {} elements, not {}", where,
            spec.length, to_string(attr));
  if (auto* text = std::get_if<std::string>(&attr.value); text && !spec.choices.empty())
    require(std::find(spec.choices.begin(), spec.choices.end(), *text) != spec.choices.end(),
            "{} is '{}', but must be one of {}", where, *text, join(spec.choices, ", "));
}

}  // namespace

std::string to_string(const Attr& attr) {
  auto list = [](const auto& values) {
    std::string out;
    for (auto v : values) out += (out.empty() ? "" : ",") + fmt::format("{}", v);
    return "[" + out + "]";
  };
  if (auto* b = std::get_if<bool>(&attr.value)) return *b ? "true" : "false";
  if (auto* i = std::get_if<std::int64_t>(&attr.value)) return std::to_string(*i);
  if (auto* r = std::get_if<double>(&attr.value)) return fmt::format("{}", *r);
  if (auto* t = std::get_if<std::string>(&attr.value)) return *t;
  if (auto* l = std::get_if<Ints>(&attr.value)) return list(*l);
  if (auto* l = std::get_if<SymShape>(&attr.value)) return "[" + to_string(*l) + "]";
  return list(std::get<Floats>(attr.value));
}

Attrs complete_attributes(const OpDef& op, const std::string& node_name, Attrs given) {
  Attrs complete;
  std::vector<std::string> known;
  for (const AttrSpec& spec : op.attrs) {
    known.push_back(spec.name);
    std::string where = fmt::format("node '{}' ({}): attribute '{}'", node_name, op.name, spec.name);
    auto found = given.find(spec.name);
    if (found == given.end()) {
      require(spec.fallback.has_value(), "{} is missing", where);
      complete[spec.name] = *spec.fallback;
      continue;
    }
    require(convert(found->second, spec.type), "{} must be {}, not {}", where, type_name(spec.type),
            to_string(found->second));
    check_values(spec, found->second, where);
    complete[spec.name] = std::move(found->second);
    given.erase(found);
  }
  if (!given.empty())
    fail("node '{}' ({}) has no attribute '{}'{}", node_name, op.name, given.begin()->first,
         suggestion(given.begin()->first, known));
  return complete;
}

}  // namespace frugal
