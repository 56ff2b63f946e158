// Jinja's tests.

#include "base/check.h"
#include "base/text.h"
#include "language/jinja/library.h"

namespace frugal::jinja {
namespace {

using Test = bool (*)(const Args& args);

const Value& self(const Args& args) { return args.positional[0]; }

bool method_of_text(const Args& args, const char* name) {
  const Value text = self(args).is_text() ? self(args) : Value(str(self(args)));
  return method(text, name)->function().call({}).truth();
}

const Value& other(const Args& args) {
  require(args.positional.size() > 1, "the test needs a value to compare with");
  return args.positional[1];
}

std::int64_t whole_number(const Value& value) {
  require(value.is_int() || value.is_bool(), "the test needs a whole number, not a value of the type {}",
          value.type_name());
  return value.integer();
}

}  // namespace

const Library<bool>& tests() {
  static const Test eq = [](const Args& a) { return equal(self(a), other(a)); };
  static const Test ne = [](const Args& a) { return !equal(self(a), other(a)); };
  static const Test lt = [](const Args& a) { return less(self(a), other(a)); };
  static const Test gt = [](const Args& a) { return less(other(a), self(a)); };
  static const Test le = [](const Args& a) { return binary_result("<=", self(a), other(a)).truth(); };
  static const Test ge = [](const Args& a) { return binary_result(">=", self(a), other(a)).truth(); };
  static const Library<bool> table = {
      "test",
      {{"defined", [](const Args& a) { return !self(a).is_undefined(); }},
       {"undefined", [](const Args& a) { return self(a).is_undefined(); }},
       {"none", [](const Args& a) { return self(a).is_none(); }},
       {"string", [](const Args& a) { return self(a).is_text(); }},
       {"number", [](const Args& a) { return self(a).is_number(); }},
       {"integer", [](const Args& a) { return self(a).is_int(); }},
       {"float", [](const Args& a) { return self(a).is_float(); }},
       {"boolean", [](const Args& a) { return self(a).is_bool(); }},
       {"true", [](const Args& a) { return self(a).is_bool() && self(a).truth(); }},
       {"false", [](const Args& a) { return self(a).is_bool() && !self(a).truth(); }},
       {"mapping", [](const Args& a) { return self(a).is_dict() && !self(a).is_space(); }},
       {"iterable",
        [](const Args& a) {
          return self(a).is_list() || self(a).is_dict() || self(a).is_text() || self(a).is_undefined();
        }},
       {"sequence", [](const Args& a) { return self(a).is_list() || self(a).is_dict() || self(a).is_text(); }},
       {"callable", [](const Args& a) { return self(a).is_function(); }},
       {"sameas",
        [](const Args& a) {
          return std::string(self(a).type_name()) == other(a).type_name() && equal(self(a), other(a));
        }},
       {"odd", [](const Args& a) { return whole_number(self(a)) % 2 != 0; }},
       {"even", [](const Args& a) { return whole_number(self(a)) % 2 == 0; }},
       {"divisibleby",
        [](const Args& a) {
          const std::int64_t by = whole_number(other(a));
          require(by != 0, "division by zero");
          return by == -1 || whole_number(self(a)) % by == 0;
        }},
       {"lower", [](const Args& a) { return method_of_text(a, "islower"); }},
       {"upper", [](const Args& a) { return method_of_text(a, "isupper"); }},
       {"in", [](const Args& a) { return contains(other(a), self(a)); }},
       {"filter", [](const Args& a) { return filters().has(str(self(a))); }},
       {"test", [](const Args& a) { return tests().has(str(self(a))); }},
       {"eq", eq},
       {"equalto", eq},
       {"==", eq},
       {"ne", ne},
       {"!=", ne},
       {"lt", lt},
       {"lessthan", lt},
       {"<", lt},
       {"gt", gt},
       {"greaterthan", gt},
       {">", gt},
       {"le", le},
       {"<=", le},
       {"ge", ge},
       {">=", ge}}};
  return table;
}

}  // namespace frugal::jinja
