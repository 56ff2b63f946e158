// Jinja's filters.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/text.h"
#include "language/jinja/library.h"

namespace frugal::jinja {
namespace {

const Value& self(const Args& args) { return args.positional[0]; }

// Arguments count from 1: place 0 is the value.
Value argument(const Args& args, std::size_t place, std::string_view name, Value otherwise = {}) {
  const Value* given = args.get(place, name);
  return given ? *given : otherwise;
}

std::int64_t whole_argument(const Args& args, std::size_t place, std::string_view name, std::int64_t otherwise) {
  const Value given = argument(args, place, name, Value(otherwise));
  require(given.is_int() || given.is_bool(), "the argument '{}' of a filter is no whole number", std::string(name));
  return given.integer();
}

Value call_method(const Value& object, const char* name, List arguments = {}) {
  return method(object, name)->function().call({std::move(arguments), {}});
}

Value text_of(const Value& value) { return value.is_text() ? value : Value(str(value)); }

// "a.b.0" of an item.
Value attribute_path(Value item, const Value& path) {
  if (path.is_int()) return item_of(item, path);
  require(path.is_text(), "an attribute is named by a text");
  std::string_view rest = path.text();
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    std::int64_t number = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool index = parsed.ec == std::errc() && parsed.ptr == part.data() + part.size();
    item = index ? item_of(item, number) : item_of(item, Value(part));
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  return item;
}

Args with_first(const Value& first, const Args& args, std::size_t from) {
  Args result{{first}, args.named};
  for (std::size_t i = from; i < args.positional.size(); ++i) result.positional.push_back(args.positional[i]);
  return result;
}

// select, reject, selectattr, rejectattr.
Value selected(const Args& args, bool keep, bool by_attribute) {
  const std::size_t test_at = by_attribute ? 2 : 1;
  require(!by_attribute || args.positional.size() >= 2, "selectattr and rejectattr need an attribute");
  const bool has_test = args.positional.size() > test_at;
  List result;
  if (!self(args).truth()) return result;  // also None
  for (const Value& item : items_of(self(args))) {
    const Value value = by_attribute ? attribute_path(item, args.positional[1]) : item;
    bool good = value.truth();
    if (has_test) {
      require(args.positional[test_at].is_text(), "a test is named by a text");
      good = tests().apply(args.positional[test_at].text(), with_first(value, args, test_at + 1));
    }
    if (good == keep) result.push_back(item);
  }
  return result;
}

Value mapped(const Args& args) {
  List result;
  const Value* attribute = args.get(99, "attribute");
  const Value otherwise = argument(args, 99, "default", Value::undefined("default"));
  require(attribute != nullptr || args.positional.size() > 1, "map needs a filter or an attribute");
  if (!self(args).truth()) return result;
  for (const Value& item : items_of(self(args))) {
    if (attribute != nullptr) {
      Value value = attribute_path(item, *attribute);
      result.push_back(value.is_undefined() && !otherwise.is_undefined() ? otherwise : value);
    } else {
      require(args.positional[1].is_text(), "a filter is named by a text");
      result.push_back(filters().apply(args.positional[1].text(), with_first(item, args, 2)));
    }
  }
  return result;
}

Value joined(const Args& args) {
  const std::string between = str(argument(args, 1, "d", ""));
  const Value attribute = argument(args, 2, "attribute");
  std::string result;
  bool first = true;
  for (const Value& item : items_of(self(args))) {
    if (!std::exchange(first, false)) result = joined_text(result, between);
    result = joined_text(result, str(attribute.is_none() ? item : attribute_path(item, attribute)));
  }
  return result;
}

Value lowered(const Value& value) { return value.is_text() ? call_method(value, "lower") : value; }

Value sorted(const Args& args) {
  List list = items_of(self(args));
  const bool reverse = argument(args, 1, "reverse", false).truth(),
             exact = argument(args, 2, "case_sensitive", false).truth();
  const Value attribute = argument(args, 3, "attribute");
  auto key = [&](const Value& v) {
    const Value value = attribute.is_none() ? v : attribute_path(v, attribute);
    return exact ? value : lowered(value);
  };
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& item : list) {
    Value by = key(item);
    if (!keyed.empty()) less(keyed[0].first, by);  // refuses what has no order before the sort begins
    keyed.emplace_back(std::move(by), std::move(item));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return reverse ? less(b.first, a.first) : less(a.first, b.first);
  });
  List result;
  for (auto& [by, item] : keyed) result.push_back(std::move(item));
  return result;
}

Value dict_sorted(const Args& args) {
  require(self(args).is_dict(), "dictsort of a value of the type {}", self(args).type_name());
  const bool exact = argument(args, 1, "case_sensitive", false).truth(),
             reverse = argument(args, 3, "reverse", false).truth();
  const std::int64_t by = str(argument(args, 2, "by", "key")) == "value" ? 1 : 0;
  return sorted({{call_method(self(args), "items"), reverse, exact, by}, {}});
}

Value unique(const Args& args) {
  const bool exact = argument(args, 1, "case_sensitive", false).truth();
  List result, keys;
  for (const Value& item : items_of(self(args))) {
    const Value key = exact ? item : lowered(item);
    if (std::any_of(keys.begin(), keys.end(), [&](const Value& k) { return equal(k, key); })) continue;
    require(keys.size() < 10000, "unique of more than 10000 different values");
    keys.push_back(key);
    result.push_back(item);
  }
  return result;
}

Value extreme(const Args& args, bool most) {
  const List list = items_of(self(args));
  if (list.empty()) return Value::undefined("the extreme of an empty list");
  const Value* best = &list[0];
  for (const Value& item : list)
    if (most ? less(*best, item) : less(item, *best)) best = &item;
  return *best;
}

Value whole(const Args& args) {
  const Value& value = self(args);
  const Value otherwise = argument(args, 1, "default", std::int64_t{0});
  if (value.is_int() || value.is_bool()) return value.integer();
  double real = 0;
  if (value.is_float()) {
    real = value.real();
  } else if (value.is_text()) {
    const Value trimmed = call_method(value, "strip");
    const std::string& text = trimmed.text();
    const char* end = text.data() + text.size();
    const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
    std::int64_t number = 0;
    if (auto parsed = std::from_chars(begin, end, number); parsed.ec == std::errc() && parsed.ptr == end) return number;
    if (auto parsed = std::from_chars(begin, end, real); parsed.ec != std::errc() || parsed.ptr != end)
      return otherwise;
  } else {
    return otherwise;
  }
  return std::fabs(real) < 9e18 ? Value(static_cast<std::int64_t>(real)) : otherwise;
}

Value real(const Args& args) {
  const Value& value = self(args);
  if (value.is_number()) return value.real();
  const Value otherwise = argument(args, 1, "default", 0.0);
  if (!value.is_text()) return otherwise;
  const Value trimmed = call_method(value, "strip");
  const std::string& text = trimmed.text();
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? Value(number) : otherwise;
}

Value rounded(const Args& args) {
  require(self(args).is_number(), "round of a value of the type {}", self(args).type_name());
  const std::int64_t digits = whole_argument(args, 1, "precision", 0);
  require(digits >= 0 && digits <= 15, "round to {} digits", digits);
  const std::string how = str(argument(args, 2, "method", "common"));
  const double scale = std::pow(10.0, static_cast<double>(digits)), x = self(args).real() * scale;
  const double result = how == "ceil" ? std::ceil(x) : how == "floor" ? std::floor(x) : std::nearbyint(x);
  return result / scale;
}

Value indented(const Args& args) {
  const Value width = argument(args, 1, "width", std::int64_t{4});
  require(width.is_text() || (width.is_int() && width.integer() >= 0 && width.integer() < 1000),
          "an indent of 0 to 999");
  const std::string by = width.is_text() ? width.text() : std::string(static_cast<std::size_t>(width.integer()), ' ');
  const bool first = argument(args, 2, "first", false).truth(), blank = argument(args, 3, "blank", false).truth();
  std::string result;
  bool start = true;
  const std::string text = str(self(args));
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    if (!start) result += '\n';
    if (start ? first : blank || !line.empty()) result = joined_text(result, by);
    result += line;
    start = false;
    at = end + 1;
  }
  return result;
}

Value json(const Args& args) {
  const Value indent = argument(args, 99, "indent", argument(args, 1, "indent"));
  require(indent.is_none() || (indent.is_int() && indent.integer() >= 0 && indent.integer() < 100),
          "an indent of 0 to 99");
  const Value separators = argument(args, 99, "separators");
  std::string item, key = ": ";
  if (!separators.is_none()) {
    require(separators.is_list() && separators.list().size() == 2 && separators.list()[0].is_text() &&
                separators.list()[1].is_text(),
            "separators are two texts");
    item = separators.list()[0].text(), key = separators.list()[1].text();
  }
  return to_json(self(args), indent.is_none() ? -1 : static_cast<int>(indent.integer()),
                 argument(args, 99, "sort_keys", false).truth(), item, key);
}

Value length(const Args& args) {
  const Value& value = self(args);
  if (value.is_text()) return static_cast<std::int64_t>(char_count(value.text()));
  if (value.is_list()) return static_cast<std::int64_t>(value.list().size());
  if (value.is_dict()) return static_cast<std::int64_t>(value.dict().items.size());
  require(value.is_undefined(), "a value of the type {} has no length", value.type_name());
  return std::int64_t{0};
}

Value escaped(const Args& args) {
  std::string result;
  for (char c : str(self(args))) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&#34;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

Value defaulted(const Args& args) {
  const Value otherwise = argument(args, 1, "default_value", "");
  const bool also_false = argument(args, 2, "boolean", false).truth();
  return self(args).is_undefined() || (also_false && !self(args).truth()) ? otherwise : self(args);
}

Value summed(const Args& args) {
  Value total = argument(args, 2, "start", std::int64_t{0});
  const Value attribute = argument(args, 1, "attribute");
  for (const Value& item : items_of(self(args)))
    total = binary_result("+", total, attribute.is_none() ? item : attribute_path(item, attribute));
  return total;
}

Value absolute(const Args& args) {
  const Value& value = self(args);
  require(value.is_number(), "abs of a value of the type {}", value.type_name());
  if (value.is_float()) return std::fabs(value.real());
  return value.integer() < 0 ? binary_result("-", std::int64_t{0}, value) : value;
}

Value reversed(const Args& args) {
  List list = items_of(self(args));
  std::reverse(list.begin(), list.end());
  if (!self(args).is_text()) return list;
  std::string text;
  for (const Value& c : list) text += c.text();
  return text;
}

Value edge(const Args& args, bool first) {
  const List list = items_of(self(args));
  if (list.empty()) return Value::undefined(first ? "the first of nothing" : "the last of nothing");
  return first ? list.front() : list.back();
}

Value pairs(const Args& args) {
  if (self(args).is_undefined()) return List{};
  require(self(args).is_dict(), "items of a value of the type {}", self(args).type_name());
  return call_method(self(args), "items");
}

}  // namespace

const Library<Value>& filters() {
  static const Library<Value> table = {
      "filter",
      {{"trim",
        [](const Args& a) {
          const Value set = argument(a, 1, "chars");
          return call_method(text_of(self(a)), "strip", set.is_none() ? List{} : List{set});
        }},
       {"upper", [](const Args& a) { return call_method(text_of(self(a)), "upper"); }},
       {"lower", [](const Args& a) { return call_method(text_of(self(a)), "lower"); }},
       {"title", [](const Args& a) { return call_method(text_of(self(a)), "title"); }},
       {"capitalize", [](const Args& a) { return call_method(text_of(self(a)), "capitalize"); }},
       {"replace",
        [](const Args& a) {
          const Value count = argument(a, 3, "count");
          List given{text_of(argument(a, 1, "old")), text_of(argument(a, 2, "new"))};
          if (!count.is_none()) given.push_back(count);
          return call_method(text_of(self(a)), "replace", std::move(given));
        }},
       {"string", [](const Args& a) { return text_of(self(a)); }},
       {"safe", [](const Args& a) { return text_of(self(a)); }},
       {"escape", escaped},
       {"e", escaped},
       {"wordcount",
        [](const Args& a) {
          return Value(static_cast<std::int64_t>(call_method(text_of(self(a)), "split").list().size()));
        }},
       {"indent", indented},
       {"tojson", json},
       {"length", length},
       {"count", length},
       {"default", defaulted},
       {"d", defaulted},
       {"first", [](const Args& a) { return edge(a, true); }},
       {"last", [](const Args& a) { return edge(a, false); }},
       {"list", [](const Args& a) { return Value(items_of(self(a))); }},
       {"items", pairs},
       {"dictsort", dict_sorted},
       {"join", joined},
       {"map", mapped},
       {"select", [](const Args& a) { return selected(a, true, false); }},
       {"reject", [](const Args& a) { return selected(a, false, false); }},
       {"selectattr", [](const Args& a) { return selected(a, true, true); }},
       {"rejectattr", [](const Args& a) { return selected(a, false, true); }},
       {"reverse", reversed},
       {"sort", sorted},
       {"unique", unique},
       {"sum", summed},
       {"min", [](const Args& a) { return extreme(a, false); }},
       {"max", [](const Args& a) { return extreme(a, true); }},
       {"abs", absolute},
       {"round", rounded},
       {"int", whole},
       {"float", real},
       {"attr", [](const Args& a) { return attribute_of(self(a), str(argument(a, 1, "name"))); }}}};
  return table;
}

}  // namespace frugal::jinja
