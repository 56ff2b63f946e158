// A parsed template.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "language/jinja/value.h"

namespace frugal::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    constant,   // constant
    name,       // text
    list,       // items
    tuple,      // items
    dict,       // items: key, value, key, value, ...
    unary,      // text: "-", "+", "not"; items: operand
    binary,     // text: the operator; items: left, right
    both,       // items: left, right (and)
    either,     // items: left, right (or)
    condition,  // items: value, test, otherwise (may be null)
    attribute,  // items: object; text
    item,       // items: object, key
    slice,      // items: object, start, stop, step (null where left out)
    call,       // items: function, arguments...; named
    filter,     // text; items: value, arguments...; named
    test,       // text; items: value, arguments...; negated
  } kind;
  int line = 1;
  std::string text{};
  Value constant{};
  std::vector<ExpressionPtr> items{};
  std::vector<std::pair<std::string, ExpressionPtr>> named{};
  bool negated = false;
};

struct Statement;
using Body = std::vector<Statement>;

// Where an assignment goes: a name, an attribute of a namespace ("ns.x"), or several names.
struct Target {
  std::string name{}, attribute{};
  std::vector<Target> several{};
};

struct Statement {
  enum class Kind {
    text,     // text
    print,    // expression
    choose,   // branches: (test, body), the last may have no test
    loop,     // target, expression (what), filter (may be null), body, otherwise
    set,      // target, expression
    capture,  // target, body, expression (a filter of the text, which is named "" in it; may be null)
    macro,    // text: name; parameters; body
    filter,   // expression (as in capture), body
    leave,    // break
    again,    // continue
  } kind;
  int line = 1;
  std::string text{};
  Target target{};
  ExpressionPtr expression{}, filter{};
  std::vector<std::pair<ExpressionPtr, Body>> branches{};
  std::vector<std::pair<std::string, ExpressionPtr>> parameters{};  // with default values or null
  Body body{}, otherwise{};
};

// Error with the line.
Body parse(std::string_view source);

}  // namespace frugal::jinja
