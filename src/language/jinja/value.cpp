#include "language/jinja/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "language/tokenizer/unicode.h"

namespace frugal::jinja {
namespace {

constexpr int kMaxDepth = 64;  // of values in values
constexpr std::size_t kMaxText = 64u << 20;

void check_depth(int depth) { require(depth <= kMaxDepth, "values are nested deeper than {}", kMaxDepth); }

void check_size(const std::string& text) { require(text.size() <= kMaxText, "a text grows beyond {} bytes", kMaxText); }

// Python's repr(float): the shortest digits, with an exponent below 1e-4 and from 1e16 on.
std::string float_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  char buffer[64];
  const double size = std::fabs(x);
  const bool plain = x == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, x, format).ptr;
  std::string text(buffer, end);
  return plain && text.find('.') == text.npos ? text + ".0" : text;
}

std::string quoted(const std::string& text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string result(1, quote);
  for (char c : text) {
    if (c == quote || c == '\\')
      (result += '\\') += c;
    else if (c == '\n')
      result += "\\n";
    else if (c == '\r')
      result += "\\r";
    else if (c == '\t')
      result += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result += quote;
}

void append_repr(const Value& value, std::string& out, int depth) {
  check_depth(depth);
  check_size(out);
  if (value.is_text()) {
    out += quoted(value.text());
  } else if (value.is_list()) {
    out += value.is_tuple() ? '(' : '[';
    for (std::size_t i = 0; i < value.list().size(); ++i) {
      if (i > 0) out += ", ";
      append_repr(value.list()[i], out, depth + 1);
    }
    if (value.is_tuple() && value.list().size() == 1) out += ',';
    out += value.is_tuple() ? ')' : ']';
  } else if (value.is_dict()) {
    out += '{';
    for (std::size_t i = 0; i < value.dict().items.size(); ++i) {
      const auto& [key, item] = value.dict().items[i];
      if (i > 0) out += ", ";
      out += quoted(key) + ": ";
      append_repr(item, out, depth + 1);
    }
    out += '}';
  } else if (value.is_undefined()) {
    out += "Undefined";
  } else {
    out += str(value);
  }
}

struct JsonStyle {
  int indent;
  bool sort_keys;
  std::string item_separator, key_separator;
};

void append_json_text(const std::string& text, std::string& out) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  out += '"';
}

void new_line(const JsonStyle& style, std::string& out, int depth) {
  if (style.indent >= 0) (out += '\n').append(static_cast<std::size_t>(style.indent * depth), ' ');
}

void append_json(const Value& value, const JsonStyle& style, std::string& out, int depth) {
  check_depth(depth);
  check_size(out);
  if (value.is_none()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.truth() ? "true" : "false";
  } else if (value.is_int()) {
    out += std::to_string(value.integer());
  } else if (value.is_float()) {
    const double x = value.real();
    out += std::isnan(x) ? "NaN" : std::isinf(x) ? (x < 0 ? "-Infinity" : "Infinity") : float_text(x);
  } else if (value.is_text()) {
    append_json_text(value.text(), out);
  } else if (value.is_list()) {
    const List& list = value.list();
    out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += style.item_separator;
      new_line(style, out, depth + 1);
      append_json(list[i], style, out, depth + 1);
    }
    if (!list.empty()) new_line(style, out, depth);
    out += ']';
  } else if (value.is_dict()) {
    auto items = value.dict().items;
    if (style.sort_keys)
      std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    out += '{';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style.item_separator;
      new_line(style, out, depth + 1);
      append_json_text(items[i].first, out);
      out += style.key_separator;
      append_json(items[i].second, style, out, depth + 1);
    }
    if (!items.empty()) new_line(style, out, depth);
    out += '}';
  } else {
    fail("a value of the type {} has no form in JSON", value.type_name());
  }
}

}  // namespace

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : items)
    if (name == key) return &value;
  return nullptr;
}

void Dict::set(std::string_view key, Value value) {
  for (auto& [name, old] : items)
    if (name == key) {
      old = std::move(value);
      return;
    }
  items.emplace_back(key, std::move(value));
}

const Value* Args::get(std::size_t place, std::string_view name) const {
  if (place < positional.size()) return &positional[place];
  for (const auto& [given, value] : named)
    if (given == name) return &value;
  return nullptr;
}

bool Value::truth() const {
  if (is_bool() || is_int()) return integer() != 0;
  if (is_float()) return real() != 0;
  if (is_text()) return !text().empty();
  if (is_list()) return !list().empty();
  if (is_dict()) return is_space() || !dict().items.empty();
  return is_function();
}

const char* Value::type_name() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "NoneType";
  if (is_bool()) return "bool";
  if (is_int()) return "int";
  if (is_float()) return "float";
  if (is_text()) return "str";
  if (is_list()) return is_tuple() ? "tuple" : "list";
  if (is_dict()) return is_space() ? "Namespace" : "dict";
  return "function";
}

bool equal(const Value& a, const Value& b, int depth) {
  check_depth(depth);
  if (a.is_number() && b.is_number())
    return a.is_float() || b.is_float() ? a.real() == b.real() : a.integer() == b.integer();
  if (a.is_text() && b.is_text()) return a.text() == b.text();
  if (a.is_list() && b.is_list()) {
    const List &x = a.list(), &y = b.list();
    return a.is_tuple() == b.is_tuple() && x.size() == y.size() &&
           std::equal(x.begin(), x.end(), y.begin(),
                      [&](const Value& p, const Value& q) { return equal(p, q, depth + 1); });
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().items.size() != b.dict().items.size()) return false;
    for (const auto& [key, value] : a.dict().items) {
      const Value* other = b.dict().find(key);
      if (other == nullptr || !equal(value, *other, depth + 1)) return false;
    }
    return true;
  }
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

bool less(const Value& a, const Value& b, int depth) {
  check_depth(depth);
  if (a.is_number() && b.is_number())
    return a.is_float() || b.is_float() ? a.real() < b.real() : a.integer() < b.integer();
  if (a.is_text() && b.is_text()) return a.text() < b.text();
  if (a.is_list() && b.is_list()) {
    const List &x = a.list(), &y = b.list();
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(x[i], y[i], depth + 1)) return less(x[i], y[i], depth + 1);
    return x.size() < y.size();
  }
  fail("a value of the type {} cannot be compared with one of the type {}", a.type_name(), b.type_name());
}

Value from_json(const nlohmann::ordered_json& json) {
  switch (json.type()) {
    case nlohmann::json::value_t::boolean: return json.get<bool>();
    case nlohmann::json::value_t::number_integer: return json.get<std::int64_t>();
    case nlohmann::json::value_t::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return json.get<double>();
      return json.get<std::int64_t>();
    case nlohmann::json::value_t::number_float: return json.get<double>();
    case nlohmann::json::value_t::string: return json.get<std::string>();
    case nlohmann::json::value_t::array: {
      List list;
      for (const auto& item : json) list.push_back(from_json(item));
      return list;
    }
    case nlohmann::json::value_t::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) dict.items.emplace_back(key, from_json(item));
      return dict;
    }
    default: return {};
  }
}

std::string str(const Value& value) {
  if (value.is_text()) return value.text();
  if (value.is_undefined()) return "";
  if (value.is_none()) return "None";
  if (value.is_bool()) return value.truth() ? "True" : "False";
  if (value.is_int()) return std::to_string(value.integer());
  if (value.is_float()) return float_text(value.real());
  if (value.is_function()) return "<function " + value.function().name + ">";
  return repr(value);
}

std::string repr(const Value& value) {
  std::string out;
  append_repr(value, out, 0);
  return out;
}

std::string to_json(const Value& value, int indent, bool sort_keys, std::string_view item_separator,
                    std::string_view key_separator) {
  if (item_separator.empty()) item_separator = indent >= 0 ? "," : ", ";
  std::string out;
  append_json(value, {indent, sort_keys, std::string(item_separator), std::string(key_separator)}, out, 0);
  return out;
}

List items_of(const Value& value) {
  if (value.is_list()) return value.list();
  List items;
  if (value.is_dict()) {
    for (const auto& [key, item] : value.dict().items) items.emplace_back(key);
  } else if (value.is_text()) {
    const std::string& text = value.text();
    const char* end = text.data() + text.size();
    for (const char* p = text.data(); p < end;) {
      const auto bytes = decode_char(p, end).bytes;
      items.emplace_back(std::string(p, bytes));
      p += bytes;
    }
  } else if (!value.is_undefined()) {
    fail("a value of the type {} cannot be gone through", value.type_name());
  }
  return items;
}

}  // namespace frugal::jinja
