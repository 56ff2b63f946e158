// Operators, subscripts and global functions. Filters and tests are in filters.cpp, methods in methods.cpp.
#include "language/jinja/library.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/check.h"
#include "language/tokenizer/unicode.h"

namespace frugal::jinja {
namespace {

constexpr std::size_t kMaxText = 16u << 20;    // bytes of one text
constexpr std::int64_t kMaxRange = 1'000'000;  // items

// Floor division and its remainder, as Python has them.
std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  require(b != 0, "division by zero");
  if (b == -1) return static_cast<std::int64_t>(-static_cast<std::uint64_t>(a));
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

Value power(const Value& left, const Value& right) {
  if (left.is_float() || right.is_float() || right.integer() < 0) return std::pow(left.real(), right.real());
  std::int64_t result = 1;
  for (std::int64_t i = 0; i < right.integer(); ++i)
    require(i < 64 && !__builtin_mul_overflow(result, left.integer(), &result), "a power is too large");
  return result;
}

Value arithmetic(std::string_view sign, const Value& left, const Value& right) {
  if (sign == "**") return power(left, right);
  if (sign == "/") {
    require(right.real() != 0, "division by zero");
    return left.real() / right.real();
  }
  if (left.is_float() || right.is_float()) {
    const double a = left.real(), b = right.real();
    if (sign == "+") return a + b;
    if (sign == "-") return a - b;
    if (sign == "*") return a * b;
    require(b != 0, "division by zero");
    return sign == "//" ? std::floor(a / b) : a - b * std::floor(a / b);
  }
  const std::int64_t a = left.integer(), b = right.integer();
  std::int64_t result = 0;
  bool overflow = false;
  if (sign == "+") overflow = __builtin_add_overflow(a, b, &result);
  if (sign == "-") overflow = __builtin_sub_overflow(a, b, &result);
  if (sign == "*") overflow = __builtin_mul_overflow(a, b, &result);
  require(!overflow, "a number is too large");
  if (sign == "//") return floor_divide(a, b);
  if (sign == "%") return b == -1 ? std::int64_t{0} : a - b * floor_divide(a, b);
  return result;
}

Value repeated(const Value& left, const Value& right) {
  const std::int64_t times = std::max<std::int64_t>(0, right.integer());
  if (left.is_text()) {
    require(left.text().empty() || static_cast<std::uint64_t>(times) <= kMaxText / left.text().size(),
            "a text grows beyond {} bytes", kMaxText);
    std::string text;
    if (!left.text().empty())
      for (std::int64_t i = 0; i < times; ++i) text += left.text();
    return text;
  }
  List list;
  require(left.list().empty() || times <= kMaxRange / static_cast<std::int64_t>(left.list().size()),
          "a list grows beyond {} items", kMaxRange);
  if (!left.list().empty())
    for (std::int64_t i = 0; i < times; ++i) list.insert(list.end(), left.list().begin(), left.list().end());
  return list;
}

void refuse_undefined(const Value& value) {
  if (value.is_undefined()) fail("'{}' is undefined", value.undefined_name());
}

Value range(const Args& args) {
  require(args.named.empty() && !args.positional.empty() && args.positional.size() <= 3,
          "range() takes 1 to 3 numbers");
  for (const Value& number : args.positional)
    require(number.is_int() || number.is_bool(), "range() takes whole numbers");
  const auto& given = args.positional;
  const std::int64_t start = given.size() > 1 ? given[0].integer() : 0;
  const std::int64_t stop = given.size() > 1 ? given[1].integer() : given[0].integer();
  const std::int64_t step = given.size() > 2 ? given[2].integer() : 1;
  require(step != 0, "range() with a step of zero");
  List list;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    list.emplace_back(i);
    require(static_cast<std::int64_t>(list.size()) <= kMaxRange, "range() of more than {} numbers", kMaxRange);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return list;
}

Dict named_values(const Args& args, const char* function) {
  Dict dict;
  for (const Value& given : args.positional) {
    require(given.is_dict(), "{}() takes dicts and named values", function);
    for (const auto& [key, value] : given.dict().items) dict.set(key, value);
  }
  for (const auto& [name, value] : args.named) dict.set(name, value);
  return dict;
}

Value now(const Args& args) {
  const Value* format = args.get(0, "format");
  require(format != nullptr && format->is_text(), "strftime_now() takes a format");
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  localtime_r(&time, &parts);
  char buffer[1024];
  return std::string(buffer, std::strftime(buffer, sizeof buffer, format->text().c_str(), &parts));
}

// The index that Python means, or nothing.
std::optional<std::size_t> place(std::int64_t index, std::size_t size) {
  if (index < 0) index += static_cast<std::int64_t>(size);
  if (index < 0 || index >= static_cast<std::int64_t>(size)) return std::nullopt;
  return static_cast<std::size_t>(index);
}

}  // namespace

Value binary_result(std::string_view sign, const Value& left, const Value& right) {
  if (sign == "==") return equal(left, right);
  if (sign == "!=") return !equal(left, right);
  if (sign == "~") return joined_text(str(left), str(right));
  if (right.is_undefined() && sign.ends_with("in")) return sign != "in";  // nothing is in it
  refuse_undefined(right);
  if (sign == "in") return contains(right, left);
  if (sign == "not in") return !contains(right, left);
  refuse_undefined(left);
  if (sign == "<") return less(left, right);
  if (sign == ">") return less(right, left);
  if (sign == "<=") return equal(left, right) || less(left, right);
  if (sign == ">=") return equal(left, right) || less(right, left);
  if (left.is_number() && right.is_number()) return arithmetic(sign, left, right);
  if (sign == "+" && left.is_text() && right.is_text()) return joined_text(left.text(), right.text());
  if (sign == "+" && left.is_list() && right.is_list()) {
    List list = left.list();
    list.insert(list.end(), right.list().begin(), right.list().end());
    require(static_cast<std::int64_t>(list.size()) <= kMaxRange, "a list grows beyond {} items", kMaxRange);
    return Value(std::move(list), left.is_tuple());
  }
  if (sign == "*" && (left.is_text() || left.is_list()) && (right.is_int() || right.is_bool()))
    return repeated(left, right);
  fail("'{}' of values of the types {} and {}", std::string(sign), left.type_name(), right.type_name());
}

bool contains(const Value& container, const Value& item) {
  if (container.is_text()) {
    require(item.is_text(), "'in' a text needs a text, not a value of the type {}", item.type_name());
    return container.text().find(item.text()) != std::string::npos;
  }
  if (container.is_dict()) return item.is_text() && container.dict().find(item.text()) != nullptr;
  require(container.is_list(), "'in' a value of the type {}", container.type_name());
  return std::any_of(container.list().begin(), container.list().end(), [&](const Value& v) { return equal(v, item); });
}

Value item_of(const Value& object, const Value& key) {
  refuse_undefined(object);
  if (object.is_dict() && key.is_text()) {
    if (const Value* found = object.dict().find(key.text())) return *found;
  } else if ((object.is_list() || object.is_text()) && (key.is_int() || key.is_bool())) {
    if (object.is_list()) {
      if (auto i = place(key.integer(), object.list().size())) return object.list()[*i];
    } else {
      const auto chars = chars_of(object.text());
      if (auto i = place(key.integer(), chars.size())) return Value(chars[*i]);
    }
  } else if (key.is_text()) {
    if (auto found = method(object, key.text())) return *found;
  }
  return Value::undefined(key.is_text() ? key.text() : "an item");
}

Value attribute_of(const Value& object, std::string_view name) {
  if (object.is_undefined())
    fail("'{}' is undefined, so that it has no '{}'", object.undefined_name(), std::string(name));
  if (!object.is_space())
    if (auto found = method(object, name)) return *found;
  if (object.is_dict())
    if (const Value* found = object.dict().find(name)) return *found;
  return Value::undefined(std::string(name));
}

Value slice_of(const Value& object, const Value* start, const Value* stop, const Value* step) {
  refuse_undefined(object);
  require(object.is_text() || object.is_list(), "a value of the type {} cannot be sliced", object.type_name());
  auto given = [](const Value* v) { return v != nullptr && !v->is_none(); };
  for (const Value* v : {start, stop, step})
    require(!given(v) || v->is_int() || v->is_bool(), "the bounds of a slice are whole numbers");
  const auto chars = object.is_text() ? chars_of(object.text()) : std::vector<std::string_view>();
  const auto size = static_cast<std::int64_t>(object.is_text() ? chars.size() : object.list().size());
  const std::int64_t stride = given(step) ? step->integer() : 1;
  require(stride != 0, "a slice with a step of zero");
  auto bound = [&](const Value* v, std::int64_t otherwise) {
    if (!given(v)) return otherwise;
    std::int64_t at = v->integer();
    if (at < 0) at = at < -size ? -1 : at + size;
    return stride > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
  };
  const std::int64_t first = bound(start, stride > 0 ? 0 : size - 1), last = bound(stop, stride > 0 ? size : -1);
  std::string text;
  List list;
  for (std::int64_t i = first; stride > 0 ? i < last : i > last;) {
    if (object.is_text())
      text += chars[static_cast<std::size_t>(i)];
    else
      list.push_back(object.list()[static_cast<std::size_t>(i)]);
    if (__builtin_add_overflow(i, stride, &i)) break;
  }
  return object.is_text() ? Value(std::move(text)) : Value(std::move(list), object.is_tuple());
}

Dict global_functions() {
  Dict globals;
  auto add = [&](const char* name, std::function<Value(const Args&)> call) {
    globals.items.emplace_back(name, Function{name, std::move(call)});
  };
  add("range", range);
  add("namespace", [](const Args& args) { return Value(named_values(args, "namespace"), true); });
  add("dict", [](const Args& args) { return Value(named_values(args, "dict")); });
  add("strftime_now", now);
  add("raise_exception", [](const Args& args) -> Value {
    const Value* message = args.get(0, "message");
    fail("the template says: {}", message ? str(*message) : "an error");
  });
  return globals;
}

std::size_t char_count(std::string_view text) {
  std::size_t count = 0;
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end; p += decode_char(p, end).bytes) ++count;
  return count;
}

std::vector<std::string_view> chars_of(std::string_view text) {
  std::vector<std::string_view> chars;
  const char* end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    chars.emplace_back(p, decode_char(p, end).bytes);
    p += chars.back().size();
  }
  return chars;
}

std::string joined_text(std::string_view a, std::string_view b) {
  require(a.size() + b.size() <= kMaxText, "a text grows beyond {} bytes", kMaxText);
  std::string text;
  text.reserve(a.size() + b.size());
  return text.append(a).append(b);
}

}  // namespace frugal::jinja
