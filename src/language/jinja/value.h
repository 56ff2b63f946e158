// Values of templates: what Python's None, bool, int, float, str, list, dict and functions are to Jinja.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace frugal::jinja {

class Value;
using List = std::vector<Value>;

// Keys in the order in which they came.
struct Dict {
  std::vector<std::pair<std::string, Value>> items;
  const Value* find(std::string_view key) const;
  void set(std::string_view key, Value value);
};

struct Args {
  List positional;
  std::vector<std::pair<std::string, Value>> named;

  // The argument at this place or of this name; nullptr where it was not given.
  const Value* get(std::size_t place, std::string_view name) const;
};

struct Function {
  std::string name;
  std::function<Value(const Args&)> call;
};

class Value {
 public:
  struct Undefined {
    std::string name;  // for the message of who uses it
  };
  struct None {};
  // A list that is read only: what Python calls a tuple prints with parentheses.
  struct Sequence {
    std::shared_ptr<List> list;
    bool tuple = false;
  };
  struct Mapping {
    std::shared_ptr<Dict> dict;
    bool space = false;  // a namespace, whose members may be set
  };
  using Callable = std::shared_ptr<const Function>;

  Value() : data_(None{}) {}
  Value(bool b) : data_(b) {}
  Value(std::int64_t n) : data_(n) {}
  Value(double x) : data_(x) {}
  Value(std::string text) : data_(std::make_shared<const std::string>(std::move(text))) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(List list, bool tuple = false) : data_(Sequence{std::make_shared<List>(std::move(list)), tuple}) {}
  Value(Dict dict, bool space = false) : data_(Mapping{std::make_shared<Dict>(std::move(dict)), space}) {}
  Value(Function function) : data_(std::make_shared<const Function>(std::move(function))) {}
  static Value undefined(std::string name) {
    Value value;
    value.data_ = Undefined{std::move(name)};
    return value;
  }

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_float() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_bool() || is_int() || is_float(); }
  bool is_text() const { return std::holds_alternative<Text>(data_); }
  bool is_list() const { return std::holds_alternative<Sequence>(data_); }
  bool is_dict() const { return std::holds_alternative<Mapping>(data_); }
  bool is_space() const { return is_dict() && std::get<Mapping>(data_).space; }
  bool is_tuple() const { return is_list() && std::get<Sequence>(data_).tuple; }
  bool is_function() const { return std::holds_alternative<Callable>(data_); }

  // Each needs its kind.
  const std::string& undefined_name() const { return std::get<Undefined>(data_).name; }
  std::int64_t integer() const { return is_bool() ? std::get<bool>(data_) : std::get<std::int64_t>(data_); }
  double real() const { return is_float() ? std::get<double>(data_) : static_cast<double>(integer()); }
  const std::string& text() const { return *std::get<Text>(data_); }
  const List& list() const { return *std::get<Sequence>(data_).list; }
  Dict& dict() const { return *std::get<Mapping>(data_).dict; }
  const Function& function() const { return *std::get<Callable>(data_); }

  bool truth() const;
  const char* type_name() const;  // as Python calls it

 private:
  using Text = std::shared_ptr<const std::string>;
  std::variant<None, Undefined, bool, std::int64_t, double, Text, Sequence, Mapping, Callable> data_;
};

bool equal(const Value& a, const Value& b, int depth = 0);
// a < b; Error where Python has no order.
bool less(const Value& a, const Value& b, int depth = 0);

Value from_json(const nlohmann::ordered_json& json);

std::string str(const Value& value);   // Python's str(); "" of what is undefined
std::string repr(const Value& value);  // Python's repr()
// json.dumps(value, ensure_ascii=False, indent=..., sort_keys=...); indent < 0: in one line.
std::string to_json(const Value& value, int indent = -1, bool sort_keys = false, std::string_view item_separator = "",
                    std::string_view key_separator = ": ");

// What a loop goes over: items of a list, keys of a dict, characters of a text. Error of anything else.
List items_of(const Value& value);

}  // namespace frugal::jinja
