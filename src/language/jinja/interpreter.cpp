#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "language/jinja/ast.h"
#include "language/jinja/lexer.h"
#include "language/jinja/library.h"
#include "language/jinja/template.h"

namespace frugal {
namespace jinja {
namespace {

constexpr int kMaxCalls = 100;  // macros within macros

// Carries its line already.
class PlacedError : public Error {
  using Error::Error;
};

struct Scope {
  std::map<std::string, Value, std::less<>> names;
  std::shared_ptr<Scope> parent;

  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get())
      if (auto found = scope->names.find(name); found != scope->names.end()) return &found->second;
    return nullptr;
  }
};

using ScopePtr = std::shared_ptr<Scope>;

class Interpreter {
 public:
  explicit Interpreter(const Template::Limits& limits) : limits_(limits), steps_(limits.steps) {}

  std::string run(const Body& body, Dict variables) {
    auto globals = std::make_shared<Scope>();
    for (auto& [name, value] : global_functions().items) globals->names[name] = value;
    for (auto& [name, value] : variables.items) globals->names[name] = value;
    scope_ = std::make_shared<Scope>(Scope{{}, globals});
    root_ = scope_;
    std::string out;
    try {
      execute(body, out);
    } catch (...) {
      forget_macros();
      throw;
    }
    forget_macros();
    return out;
  }

 private:
  enum class Flow { next, leave, again };

  void forget_macros() {
    if (root_) root_->names.clear();
  }

  void step(int line) {
    if (--steps_ < 0) fail_at(line, fmt::format("the template takes more than {} steps", limits_.steps));
  }

  void put(std::string& out, std::string_view text, int line) {
    written_ += text.size();
    if (written_ > limits_.output) fail_at(line, fmt::format("the template writes more than {} bytes", limits_.output));
    out += text;
  }

  // --- statements ---

  Flow execute(const Body& body, std::string& out) {
    for (const Statement& one : body) {
      step(one.line);
      Flow flow = Flow::next;
      try {
        flow = statement(one, out);
      } catch (const PlacedError&) {
        throw;
      } catch (const Error& error) {
        const std::string_view message = error.what();
        throw PlacedError(message.starts_with("line ") ? std::string(message)
                                                       : fmt::format("line {}: {}", one.line, message));
      }
      if (flow != Flow::next) return flow;
    }
    return Flow::next;
  }

  Flow statement(const Statement& one, std::string& out) {
    using Kind = Statement::Kind;
    switch (one.kind) {
      case Kind::text: put(out, one.text, one.line); break;
      case Kind::print: put(out, str(value(*one.expression)), one.line); break;
      case Kind::choose:
        for (const auto& [test, body] : one.branches)
          if (test == nullptr || value(*test).truth()) return execute(body, out);
        break;
      case Kind::loop: return loop(one, out);
      case Kind::set: assign(one.target, value(*one.expression)); break;
      case Kind::capture: assign(one.target, captured(one)); break;
      case Kind::filter: put(out, str(captured(one)), one.line); break;
      case Kind::macro: scope_->names[one.text] = macro(one); break;
      case Kind::leave: return Flow::leave;
      case Kind::again: return Flow::again;
    }
    return Flow::next;
  }

  // A scope that ends with the object.
  struct Inner {
    explicit Inner(Interpreter& i, ScopePtr parent) : interpreter(i), outer(i.scope_) {
      i.scope_ = std::make_shared<Scope>(Scope{{}, std::move(parent)});
    }
    ~Inner() { interpreter.scope_ = outer; }
    Interpreter& interpreter;
    ScopePtr outer;
  };

  Value captured(const Statement& one) {
    std::string text;
    {
      Inner inner(*this, scope_);
      execute(one.body, text);
    }
    if (one.expression == nullptr) return text;
    const Value outer = std::exchange(captured_, Value(std::move(text)));
    Value result = value(*one.expression);
    captured_ = outer;
    return result;
  }

  void assign(const Target& target, Value given) {
    if (!target.several.empty()) {
      const List items = items_of(given);
      require(items.size() == target.several.size(), "{} values cannot be given to {} names", items.size(),
              target.several.size());
      for (std::size_t i = 0; i < items.size(); ++i) assign(target.several[i], items[i]);
    } else if (!target.attribute.empty()) {
      const Value* space = scope_->find(target.name);
      require(space != nullptr && space->is_space(), "'{}' is no namespace, so that '{}.{}' cannot be set", target.name,
              target.name, target.attribute);
      require(!given.is_space(), "a namespace cannot be put into a namespace");
      space->dict().set(target.attribute, std::move(given));
    } else {
      scope_->names[target.name] = std::move(given);
    }
  }

  Flow loop(const Statement& one, std::string& out) {
    List items = items_of(value(*one.expression));
    if (one.filter != nullptr) {
      List kept;
      for (Value& item : items) {
        step(one.line);
        Inner inner(*this, scope_);
        assign(one.target, item);
        if (value(*one.filter).truth()) kept.push_back(item);
      }
      items = std::move(kept);
    }
    if (items.empty()) return execute(one.otherwise, out);
    const ScopePtr outer = scope_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      step(one.line);
      Inner inner(*this, outer);
      scope_->names["loop"] = loop_values(items, i);
      assign(one.target, items[i]);
      const Flow flow = execute(one.body, out);
      if (flow == Flow::leave) break;
    }
    return Flow::next;
  }

  static Value loop_values(const List& items, std::size_t i) {
    auto number = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
    const std::size_t count = items.size();
    Dict d;
    d.items.reserve(11);
    d.items = {{"index", number(i + 1)},
               {"index0", number(i)},
               {"revindex", number(count - i)},
               {"revindex0", number(count - i - 1)},
               {"first", Value(i == 0)},
               {"last", Value(i + 1 == count)},
               {"length", number(count)},
               {"depth", number(1)},
               {"depth0", number(0)},
               {"previtem", i > 0 ? items[i - 1] : Value::undefined("loop.previtem")},
               {"nextitem", i + 1 < count ? items[i + 1] : Value::undefined("loop.nextitem")},
               {"cycle", Function{"cycle", [i](const Args& args) -> Value {
                                    require(!args.positional.empty(), "cycle() needs values");
                                    return args.positional[i % args.positional.size()];
                                  }}}};
    return d;
  }

  // The scope is held weakly, as it holds the macro.
  Value macro(const Statement& one) {
    const std::weak_ptr<Scope> home = scope_;
    return Function{one.text, [this, &one, home](const Args& args) { return call_macro(one, home.lock(), args); }};
  }

  Value call_macro(const Statement& one, ScopePtr home, const Args& args) {
    require(args.positional.size() <= one.parameters.size(), "{}() takes {} arguments, not {}", one.text,
            one.parameters.size(), args.positional.size());
    for (const auto& [name, given] : args.named)
      require(std::any_of(one.parameters.begin(), one.parameters.end(), [&](const auto& p) { return p.first == name; }),
              "{}() has no argument '{}'", one.text, name);
    require(++calls_ <= kMaxCalls, "macros call each other more than {} deep", kMaxCalls);
    struct Leave {
      int& calls;
      ~Leave() { --calls; }
    } leave{calls_};
    Inner inner(*this, home ? home : root_);
    for (std::size_t i = 0; i < one.parameters.size(); ++i) {
      const auto& [name, otherwise] = one.parameters[i];
      const Value* given = args.get(i, name);
      scope_->names[name] = given ? *given : otherwise ? value(*otherwise) : Value::undefined(name);
    }
    std::string text;
    execute(one.body, text);
    return text;
  }

  // --- expressions ---

  Value value(const Expression& e) {
    using Kind = Expression::Kind;
    step(e.line);
    switch (e.kind) {
      case Kind::constant: return e.constant;
      case Kind::name: {
        const Value* found = scope_->find(e.text);
        return found ? *found : Value::undefined(e.text);
      }
      case Kind::list:
      case Kind::tuple: {
        List list;
        for (const ExpressionPtr& item : e.items) list.push_back(value(*item));
        return Value(std::move(list), e.kind == Kind::tuple);
      }
      case Kind::dict: {
        Dict dict;
        for (std::size_t i = 0; i < e.items.size(); i += 2) {
          const Value key = value(*e.items[i]);
          require(key.is_text(), "a key of the type {}; only texts can be keys", key.type_name());
          dict.set(key.text(), value(*e.items[i + 1]));
        }
        return dict;
      }
      case Kind::unary: return unary(e);
      case Kind::binary: return binary_result(e.text, value(*e.items[0]), value(*e.items[1]));
      case Kind::both: {
        Value left = value(*e.items[0]);
        return left.truth() ? value(*e.items[1]) : left;
      }
      case Kind::either: {
        Value left = value(*e.items[0]);
        return left.truth() ? left : value(*e.items[1]);
      }
      case Kind::condition:
        if (value(*e.items[1]).truth()) return value(*e.items[0]);
        return e.items[2] ? value(*e.items[2]) : Value::undefined("the value of an 'if' without 'else'");
      case Kind::attribute: return attribute_of(value(*e.items[0]), e.text);
      case Kind::item: return item_of(value(*e.items[0]), value(*e.items[1]));
      case Kind::slice: return slice(e);
      case Kind::call: return call(e);
      case Kind::filter: return filters().apply(e.text, arguments(e));
      case Kind::test: return tests().apply(e.text, arguments(e)) != e.negated;
    }
    return {};
  }

  Value unary(const Expression& e) {
    const Value operand = value(*e.items[0]);
    if (e.text == "not") return !operand.truth();
    require(operand.is_number(), "'{}' of a value of the type {}", e.text, operand.type_name());
    if (operand.is_float()) return e.text == "-" ? -operand.real() : operand.real();
    return e.text == "-" ? binary_result("-", Value(std::int64_t{0}), operand) : Value(operand.integer());
  }

  Value slice(const Expression& e) {
    Value parts[3];
    const Value* given[3] = {};
    for (std::size_t i = 0; i < 3; ++i)
      if (e.items[i + 1]) parts[i] = value(*e.items[i + 1]), given[i] = &parts[i];
    return slice_of(value(*e.items[0]), given[0], given[1], given[2]);
  }

  Args arguments(const Expression& e, std::size_t from = 0) {
    Args args;
    for (std::size_t i = from; i < e.items.size(); ++i)
      args.positional.push_back(e.items[i] ? value(*e.items[i]) : captured_);
    for (const auto& [name, expression] : e.named) args.named.emplace_back(name, value(*expression));
    return args;
  }

  Value call(const Expression& e) {
    const Value function = value(*e.items[0]);
    if (function.is_undefined()) fail("'{}' is undefined and cannot be called", function.undefined_name());
    require(function.is_function(), "a value of the type {} cannot be called", function.type_name());
    return function.function().call(arguments(e, 1));
  }

  const Template::Limits& limits_;
  std::int64_t steps_;
  std::size_t written_ = 0;
  int calls_ = 0;
  ScopePtr scope_, root_;
  Value captured_;
};

}  // namespace
}  // namespace jinja

struct Template::Parts {
  jinja::Body body;
};

Template::Template(std::string_view source) : parts_(std::make_unique<Parts>()) {
  require(source.size() <= 1u << 20, "the template is {} bytes long, more than {}", source.size(), 1u << 20);
  parts_->body = jinja::parse(source);
}
Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const nlohmann::ordered_json& variables, const Limits& limits) const {
  require(variables.is_object(), "the variables of a template are a JSON object");
  return jinja::Interpreter(limits).run(parts_->body, jinja::from_json(variables).dict());
}

std::string Template::render(const nlohmann::ordered_json& variables) const { return render(variables, Limits{}); }

}  // namespace frugal
