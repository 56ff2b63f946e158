// Methods of Python's str, dict and list that templates call.
#include <algorithm>
#include <map>

#include "base/check.h"
#include "language/jinja/library.h"
#include "language/tokenizer/unicode.h"

namespace frugal::jinja {
namespace {

using Method = Value (*)(const Value& self, const Args& args);

const std::string& text_argument(const Args& args, std::size_t place, const char* name) {
  const Value* given = args.get(place, name);
  require(given != nullptr && given->is_text(), "the argument {} of a method of a text is no text", place + 1);
  return given->text();
}

bool strips(std::string_view one, const std::string* set) {
  if (set != nullptr) return set->find(one) != std::string::npos;
  const Utf8Char c = decode_char(one.data(), one.data() + one.size());
  return c.code != kInvalidChar && (is_white_space(c.code) || (c.code >= 0x1C && c.code <= 0x1F));
}

Value stripped(const Value& self, const Args& args, bool left, bool right) {
  const Value* given = args.get(0, "chars");
  const bool has_set = given != nullptr && !given->is_none();
  require(!has_set || given->is_text(), "what strip() takes away is a text");
  std::string_view text = self.text();
  const auto chars = chars_of(text);
  std::size_t begin = 0, end = chars.size();
  const std::string* set = has_set ? &given->text() : nullptr;
  while (left && begin < end && strips(chars[begin], set)) ++begin;
  while (right && begin < end && strips(chars[end - 1], set)) --end;
  if (begin == end) return "";
  return text.substr(static_cast<std::size_t>(chars[begin].data() - text.data()),
                     static_cast<std::size_t>(chars[end - 1].data() + chars[end - 1].size() - chars[begin].data()));
}

std::int64_t most_splits(const Args& args) {
  const Value* most = args.get(1, "maxsplit");
  require(most == nullptr || most->is_int(), "maxsplit is a whole number");
  return most == nullptr || most->integer() < 0 ? INT64_MAX : most->integer();
}

Value split_at_space(std::string_view text, std::int64_t most) {
  List parts;
  auto chars = chars_of(text);
  for (std::size_t i = 0;;) {
    while (i < chars.size() && strips(chars[i], nullptr)) ++i;
    if (i == chars.size()) break;
    std::size_t end = i;
    if (static_cast<std::int64_t>(parts.size()) == most) {
      end = chars.size();
      while (strips(chars[end - 1], nullptr)) --end;
      parts.emplace_back(std::string(chars[i].data(), chars[end - 1].data() + chars[end - 1].size()));
      break;
    }
    std::string word;
    while (end < chars.size() && !strips(chars[end], nullptr)) word += chars[end++];
    parts.emplace_back(std::move(word));
    i = end;
  }
  return parts;
}

Value split(const Value& self, const Args& args) {
  const std::int64_t most = most_splits(args);
  const Value* separator = args.get(0, "sep");
  std::string_view text = self.text();
  if (separator == nullptr || separator->is_none()) return split_at_space(text, most);
  const std::string& between = text_argument(args, 0, "sep");
  require(!between.empty(), "split() at an empty text");
  List parts;
  for (std::size_t at = 0;;) {
    const std::size_t found = static_cast<std::int64_t>(parts.size()) < most ? text.find(between, at) : text.npos;
    parts.emplace_back(text.substr(at, found == text.npos ? text.npos : found - at));
    if (found == text.npos) return parts;
    at = found + between.size();
  }
}

Value rsplit(const Value& self, const Args& args) {
  const std::int64_t most = most_splits(args);
  if (most == INT64_MAX) return split(self, args);
  const std::string& between = text_argument(args, 0, "sep");
  require(!between.empty(), "rsplit() at an empty text");
  List parts;
  std::string_view text = self.text();
  while (static_cast<std::int64_t>(parts.size()) < most) {
    const std::size_t found = text.rfind(between);
    if (found == text.npos) break;
    parts.emplace_back(text.substr(found + between.size()));
    text = text.substr(0, found);
  }
  parts.emplace_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Value splitlines(const Value& self, const Args& args) {
  const Value* keep = args.get(0, "keepends");
  List lines;
  std::string_view text = self.text();
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\n\r");
    const std::size_t width = end == text.npos ? 0 : text.substr(end).starts_with("\r\n") ? 2 : 1;
    const std::size_t size = end == text.npos ? text.size() : end;
    lines.emplace_back(text.substr(0, keep && keep->truth() ? size + width : size));
    text.remove_prefix(size + width);
  }
  return lines;
}

bool has_end(const Value& self, const Args& args, bool start) {
  require(args.positional.size() == 1, "startswith() and endswith() take one argument");
  const Value& given = args.positional[0];
  const List wanted = given.is_list() ? given.list() : List{given};
  for (const Value& one : wanted) {
    require(one.is_text(), "startswith() and endswith() take texts");
    if (start ? self.text().starts_with(one.text()) : self.text().ends_with(one.text())) return true;
  }
  return false;
}

Value replace(const Value& self, const Args& args) {
  const std::string& from = text_argument(args, 0, "old");
  const std::string& to = text_argument(args, 1, "new");
  const Value* count = args.get(2, "count");
  require(count == nullptr || count->is_int(), "the count of replace() is a whole number");
  std::int64_t left = count == nullptr || count->integer() < 0 ? INT64_MAX : count->integer();
  if (from.empty()) {
    std::string result;
    for (std::string_view one : chars_of(self.text())) {
      if (left-- > 0) result = joined_text(result, to);
      result += one;
    }
    return left > 0 ? joined_text(result, to) : result;
  }
  std::string result;
  std::string_view text = self.text();
  for (std::size_t at = 0;;) {
    const std::size_t found = left-- > 0 ? text.find(from, at) : text.npos;
    require(result.size() + text.size() - at + to.size() <= (16u << 20), "a text grows beyond {} bytes", 16u << 20);
    result += text.substr(at, found == text.npos ? text.npos : found - at);
    if (found == text.npos) return result;
    result += to;
    at = found + from.size();
  }
}

Value found_at(const Value& self, std::size_t byte) {
  if (byte == std::string::npos) return std::int64_t{-1};
  return static_cast<std::int64_t>(char_count(std::string_view(self.text()).substr(0, byte)));
}

Value count(const Value& self, const Args& args) {
  const std::string& what = text_argument(args, 0, "sub");
  if (what.empty()) return static_cast<std::int64_t>(char_count(self.text()) + 1);
  std::int64_t found = 0;
  for (std::size_t at = 0; (at = self.text().find(what, at)) != std::string::npos; at += what.size()) ++found;
  return found;
}

std::string lower(std::string_view text) {
  std::string result;
  for (std::string_view one : chars_of(text)) {
    const char32_t code = decode_char(one.data(), one.data() + one.size()).code;
    code == kInvalidChar ? void(result += one) : append_lower(result, code);
  }
  return result;
}

std::string upper(std::string_view text) {
  std::string result;
  for (std::string_view one : chars_of(text)) {
    const char32_t code = decode_char(one.data(), one.data() + one.size()).code;
    code == kInvalidChar ? void(result += one) : append_upper(result, code);
  }
  return result;
}

std::string capitalized(std::string_view text) {
  const auto chars = chars_of(text);
  if (chars.empty()) return "";
  return upper(chars[0]) + lower(text.substr(chars[0].size()));
}

std::string titled(std::string_view text) {
  std::string result;
  bool in_word = false;
  for (std::string_view one : chars_of(text)) {
    const char32_t code = decode_char(one.data(), one.data() + one.size()).code;
    const bool letter = (category_bit(code) & category::L) != 0;
    result += letter && !in_word ? upper(one) : lower(one);
    in_word = letter;
  }
  return result;
}

bool all_of(const Value& self, std::uint32_t categories) {
  const auto chars = chars_of(self.text());
  return !chars.empty() && std::all_of(chars.begin(), chars.end(), [&](std::string_view one) {
    return (category_bit(decode_char(one.data(), one.data() + one.size()).code) & categories) != 0;
  });
}

Value join(const Value& self, const Args& args) {
  require(args.positional.size() == 1, "join() takes a list");
  std::string result;
  const List items = items_of(args.positional[0]);
  for (std::size_t i = 0; i < items.size(); ++i) {
    require(items[i].is_text(), "join() of a value of the type {}", items[i].type_name());
    if (i > 0) result = joined_text(result, self.text());
    result = joined_text(result, items[i].text());
  }
  return result;
}

const std::map<std::string_view, Method>& text_methods() {
  static const std::map<std::string_view, Method> table = {
      {"strip", [](const Value& s, const Args& a) { return stripped(s, a, true, true); }},
      {"lstrip", [](const Value& s, const Args& a) { return stripped(s, a, true, false); }},
      {"rstrip", [](const Value& s, const Args& a) { return stripped(s, a, false, true); }},
      {"split", split},
      {"rsplit", rsplit},
      {"splitlines", splitlines},
      {"startswith", [](const Value& s, const Args& a) { return Value(has_end(s, a, true)); }},
      {"endswith", [](const Value& s, const Args& a) { return Value(has_end(s, a, false)); }},
      {"replace", replace},
      {"find", [](const Value& s, const Args& a) { return found_at(s, s.text().find(text_argument(a, 0, "sub"))); }},
      {"rfind", [](const Value& s, const Args& a) { return found_at(s, s.text().rfind(text_argument(a, 0, "sub"))); }},
      {"count", count},
      {"join", join},
      {"lower", [](const Value& s, const Args&) { return Value(lower(s.text())); }},
      {"upper", [](const Value& s, const Args&) { return Value(upper(s.text())); }},
      {"capitalize", [](const Value& s, const Args&) { return Value(capitalized(s.text())); }},
      {"title", [](const Value& s, const Args&) { return Value(titled(s.text())); }},
      {"isdigit", [](const Value& s, const Args&) { return Value(all_of(s, category::Nd)); }},
      {"isalpha", [](const Value& s, const Args&) { return Value(all_of(s, category::L)); }},
      {"isalnum", [](const Value& s, const Args&) { return Value(all_of(s, category::L | category::N)); }},
      {"isspace",
       [](const Value& s, const Args&) {
         const auto chars = chars_of(s.text());
         return Value(!chars.empty() &&
                      std::all_of(chars.begin(), chars.end(), [](std::string_view c) { return strips(c, nullptr); }));
       }},
      {"isupper",
       [](const Value& s, const Args&) { return Value(s.text() == upper(s.text()) && s.text() != lower(s.text())); }},
      {"islower",
       [](const Value& s, const Args&) { return Value(s.text() == lower(s.text()) && s.text() != upper(s.text())); }},
      {"removeprefix",
       [](const Value& s, const Args& a) {
         const std::string& p = text_argument(a, 0, "prefix");
         return s.text().starts_with(p) ? Value(s.text().substr(p.size())) : s;
       }},
      {"removesuffix", [](const Value& s, const Args& a) {
         const std::string& p = text_argument(a, 0, "suffix");
         return s.text().ends_with(p) ? Value(s.text().substr(0, s.text().size() - p.size())) : s;
       }}};
  return table;
}

Value pairs(const Value& self) {
  List list;
  for (const auto& [key, value] : self.dict().items) list.push_back(Value(List{Value(key), value}, true));
  return list;
}

const std::map<std::string_view, Method>& dict_methods() {
  static const std::map<std::string_view, Method> table = {
      {"items", [](const Value& s, const Args&) { return pairs(s); }},
      {"keys", [](const Value& s, const Args&) { return Value(items_of(s)); }},
      {"values",
       [](const Value& s, const Args&) {
         List list;
         for (const auto& [key, value] : s.dict().items) list.push_back(value);
         return Value(std::move(list));
       }},
      {"get",
       [](const Value& s, const Args& a) {
         const Value* key = a.get(0, "key");
         require(key != nullptr, "get() needs a key");
         const Value* found = key->is_text() ? s.dict().find(key->text()) : nullptr;
         const Value* otherwise = a.get(1, "default");
         return found ? *found : otherwise ? *otherwise : Value();
       }},
      {"copy", [](const Value& s, const Args&) { return Value(s.dict()); }}};
  return table;
}

const std::map<std::string_view, Method>& list_methods() {
  static const std::map<std::string_view, Method> table = {
      {"count",
       [](const Value& s, const Args& a) {
         require(a.positional.size() == 1, "count() takes one value");
         return Value(static_cast<std::int64_t>(std::count_if(
             s.list().begin(), s.list().end(), [&](const Value& v) { return equal(v, a.positional[0]); })));
       }},
      {"index", [](const Value& s, const Args& a) {
         require(a.positional.size() == 1, "index() takes one value");
         for (std::size_t i = 0; i < s.list().size(); ++i)
           if (equal(s.list()[i], a.positional[0])) return Value(static_cast<std::int64_t>(i));
         fail("index() of what is not in the list");
       }}};
  return table;
}

// Methods that change what they belong to; templates get their values to read only, as in transformers.
bool changes(std::string_view name) {
  for (std::string_view one :
       {"append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "sort", "reverse", "popitem"})
    if (one == name) return true;
  return false;
}

}  // namespace

std::optional<Value> method(const Value& object, std::string_view name) {
  if (!object.is_text() && !object.is_dict() && !object.is_list()) return std::nullopt;
  const auto& table = object.is_text() ? text_methods() : object.is_dict() ? dict_methods() : list_methods();
  if (auto found = table.find(name); found != table.end()) {
    const Method run = found->second;
    return Function{std::string(name), [object, run](const Args& args) { return run(object, args); }};
  }
  const bool shadowed = object.is_dict() && object.dict().find(name) != nullptr;
  if (object.is_text() || shadowed || !changes(name)) return std::nullopt;
  return Function{std::string(name), [which = std::string(name)](const Args&) -> Value {
                    fail("{}() would change a value; templates may not", which);
                  }};
}

}  // namespace frugal::jinja
