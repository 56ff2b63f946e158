#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "language/jinja/library.h"
#include "language/jinja/parser.h"

namespace frugal::jinja {
namespace {

constexpr int kMaxNesting = 100;

std::string shown(const Token& token) {
  switch (token.kind) {
    case Token::Kind::text: return "text";
    case Token::Kind::print_begin: return "'{{'";
    case Token::Kind::print_end: return "'}}'";
    case Token::Kind::block_begin: return "'{%'";
    case Token::Kind::block_end: return "'%}'";
    case Token::Kind::end: return "the end of the template";
    case Token::Kind::string: return "a string";
    default: return "'" + token.text.substr(0, 40) + "'";
  }
}

}  // namespace

ExpressionParser::Nesting::Nesting(ExpressionParser& p) : parser(p) {
  if (++parser.depth_ > kMaxNesting) {
    --parser.depth_;
    fail_at(parser.peek().line, fmt::format("nested deeper than {}", kMaxNesting));
  }
}

const Token& ExpressionParser::next() {
  const Token& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool ExpressionParser::take_sign(std::string_view sign) {
  if (!at_sign(sign)) return false;
  next();
  return true;
}

bool ExpressionParser::take_name(std::string_view name) {
  if (!at_name(name)) return false;
  next();
  return true;
}

void ExpressionParser::need_sign(std::string_view sign) {
  if (!take_sign(sign)) unexpected("'" + std::string(sign) + "'");
}

std::string ExpressionParser::need_name() {
  if (peek().kind != Token::Kind::name) unexpected("a name");
  return next().text;
}

void ExpressionParser::unexpected(const std::string& wanted) const {
  fail_at(peek().line, "found " + shown(peek()) + " where " + wanted + " is needed");
}

ExpressionPtr ExpressionParser::make(Kind kind, std::string text) const {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->line = peek().line;
  made->text = std::move(text);
  return made;
}

ExpressionPtr ExpressionParser::tuple() {
  ExpressionPtr first = expression();
  if (!at_sign(",")) return first;
  ExpressionPtr made = make(Kind::tuple);
  made->items.push_back(std::move(first));
  while (take_sign(",")) {
    const Token::Kind kind = peek().kind;
    if (kind == Token::Kind::block_end || kind == Token::Kind::print_end || at_sign(")") || at_sign("=")) break;
    made->items.push_back(expression());
  }
  return made;
}

ExpressionPtr ExpressionParser::expression(bool with_condition) {
  Nesting nesting(*this);
  ExpressionPtr value = either();
  while (with_condition && take_name("if")) {
    ExpressionPtr made = make(Kind::condition);
    made->items.push_back(std::move(value));
    made->items.push_back(either());
    made->items.push_back(take_name("else") ? expression() : nullptr);
    value = std::move(made);
  }
  return value;
}

ExpressionPtr ExpressionParser::either() {
  ExpressionPtr left = both();
  while (at_name("or")) {
    ExpressionPtr made = make(Kind::either);
    next();
    made->items.push_back(std::move(left));
    made->items.push_back(both());
    left = std::move(made);
  }
  return left;
}

ExpressionPtr ExpressionParser::both() {
  ExpressionPtr left = negation();
  while (at_name("and")) {
    ExpressionPtr made = make(Kind::both);
    next();
    made->items.push_back(std::move(left));
    made->items.push_back(negation());
    left = std::move(made);
  }
  return left;
}

ExpressionPtr ExpressionParser::negation() {
  if (!at_name("not")) return comparison();
  Nesting nesting(*this);
  ExpressionPtr made = make(Kind::unary, "not");
  next();
  made->items.push_back(negation());
  return made;
}

// a < b < c is (a < b) and (b < c) in Python; chains are not used in templates and are refused.
ExpressionPtr ExpressionParser::comparison() {
  ExpressionPtr left = binary(0);
  for (bool first = true;; first = false) {
    std::string sign;
    if (peek().kind == Token::Kind::sign) {
      for (std::string_view one : {"==", "!=", "<", "<=", ">", ">="})
        if (peek().text == one) sign = one;
    } else if (at_name("in")) {
      sign = "in";
    } else if (at_name("not") && peek(1).kind == Token::Kind::name && peek(1).text == "in") {
      sign = "not in";
    }
    if (sign.empty()) return left;
    if (!first) fail_at(peek().line, "a chain of comparisons is not supported; write 'and' between them");
    ExpressionPtr made = make(Kind::binary, sign);
    next();
    if (sign == "not in") next();
    made->items.push_back(std::move(left));
    made->items.push_back(binary(0));
    left = std::move(made);
  }
}

ExpressionPtr ExpressionParser::binary(int level) {
  static const std::vector<std::vector<std::string_view>> levels = {{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}};
  if (level == static_cast<int>(levels.size())) return unary(true);
  ExpressionPtr left = binary(level + 1);
  for (;;) {
    const auto& signs = levels[static_cast<std::size_t>(level)];
    if (peek().kind != Token::Kind::sign || std::find(signs.begin(), signs.end(), peek().text) == signs.end())
      return left;
    ExpressionPtr made = make(Kind::binary, peek().text);
    next();
    made->items.push_back(std::move(left));
    made->items.push_back(binary(level + 1));
    left = std::move(made);
  }
}

ExpressionPtr ExpressionParser::unary(bool with_filters) {
  Nesting nesting(*this);
  ExpressionPtr value;
  if (at_sign("-") || at_sign("+")) {
    value = make(Kind::unary, peek().text);
    next();
    value->items.push_back(unary(false));
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters_of(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::primary() {
  const Token& token = peek();
  ExpressionPtr made = make(Kind::constant);
  switch (token.kind) {
    case Token::Kind::string: {
      std::string text;
      while (peek().kind == Token::Kind::string) text += next().text;
      made->constant = Value(std::move(text));
      return made;
    }
    case Token::Kind::integer: made->constant = next().integer; return made;
    case Token::Kind::real: made->constant = next().real; return made;
    case Token::Kind::name: {
      const std::string name = next().text;
      if (name == "true" || name == "True") return made->constant = true, std::move(made);
      if (name == "false" || name == "False") return made->constant = false, std::move(made);
      if (name == "none" || name == "None") return made;
      made->kind = Kind::name;
      made->text = name;
      return made;
    }
    default: break;
  }
  if (take_sign("[")) return list();
  if (take_sign("{")) return dict();
  if (!take_sign("(")) unexpected("an expression");
  if (take_sign(")")) return made->kind = Kind::tuple, std::move(made);
  ExpressionPtr inner = tuple();
  need_sign(")");
  return inner;
}

ExpressionPtr ExpressionParser::list() {
  ExpressionPtr made = make(Kind::list);
  while (!take_sign("]")) {
    if (!made->items.empty()) need_sign(",");
    if (take_sign("]")) break;
    made->items.push_back(expression());
  }
  return made;
}

ExpressionPtr ExpressionParser::dict() {
  ExpressionPtr made = make(Kind::dict);
  while (!take_sign("}")) {
    if (!made->items.empty()) need_sign(",");
    if (take_sign("}")) break;
    made->items.push_back(expression());
    need_sign(":");
    made->items.push_back(expression());
  }
  return made;
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr value) {
  for (;;) {
    if (at_sign(".")) {
      ExpressionPtr made = make(Kind::attribute);
      next();
      if (peek().kind == Token::Kind::integer) {
        made->kind = Kind::item;
        made->items.push_back(std::move(value));
        made->items.push_back(primary());
      } else {
        made->text = need_name();
        made->items.push_back(std::move(value));
      }
      value = std::move(made);
    } else if (take_sign("[")) {
      value = subscript(std::move(value));
    } else if (at_sign("(")) {
      ExpressionPtr made = make(Kind::call);
      next();
      made->items.push_back(std::move(value));
      arguments(*made);
      value = std::move(made);
    } else {
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr value) {
  ExpressionPtr made = make(Kind::item);
  made->items.push_back(std::move(value));
  auto part = [&] { made->items.push_back(at_sign(":") || at_sign("]") ? nullptr : tuple()); };
  part();
  while (take_sign(":")) {
    made->kind = Kind::slice;
    part();
  }
  if (made->kind == Kind::item && made->items.back() == nullptr) unexpected("an index");
  if (made->items.size() > 4) unexpected("']'");
  if (made->kind == Kind::slice) made->items.resize(4);
  need_sign("]");
  return made;
}

void ExpressionParser::arguments(Expression& call) {
  for (bool first = true; !take_sign(")"); first = false) {
    if (!first) need_sign(",");
    if (take_sign(")")) return;
    if (at_sign("*") || at_sign("**")) fail_at(peek().line, "arguments from a list or a dict are not supported");
    if (peek().kind == Token::Kind::name && peek(1).kind == Token::Kind::sign && peek(1).text == "=") {
      std::string name = need_name();
      next();
      call.named.emplace_back(std::move(name), expression());
    } else {
      if (!call.named.empty()) unexpected("a named argument");
      call.items.push_back(expression());
    }
  }
}

ExpressionPtr ExpressionParser::filters_of(ExpressionPtr value) {
  for (;;) {
    if (take_sign("|"))
      value = filter(std::move(value));
    else if (take_name("is"))
      value = test(std::move(value));
    else if (at_sign("("))
      value = postfix(std::move(value));
    else
      return value;
  }
}

ExpressionPtr ExpressionParser::filter(ExpressionPtr value) {
  ExpressionPtr made = make(Kind::filter);
  made->text = need_name();
  if (!filters().has(made->text)) fail_at(made->line, filters().unknown(made->text));
  made->items.push_back(std::move(value));
  if (take_sign("(")) arguments(*made);
  return made;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr value) {
  ExpressionPtr made = make(Kind::test);
  made->negated = take_name("not");
  made->text = need_name();
  if (!tests().has(made->text)) fail_at(made->line, tests().unknown(made->text));
  made->items.push_back(std::move(value));
  if (take_sign("(")) {
    arguments(*made);
  } else {
    const Token& token = peek();
    const bool word = token.kind == Token::Kind::name;
    const bool stops = word && (token.text == "else" || token.text == "or" || token.text == "and" ||
                                token.text == "is" || token.text == "if" || token.text == "in" || token.text == "not");
    const bool begins = (word && !stops) || token.kind == Token::Kind::string || token.kind == Token::Kind::integer ||
                        token.kind == Token::Kind::real || at_sign("[") || at_sign("{");
    if (begins) made->items.push_back(postfix(primary()));
  }
  return made;
}

}  // namespace frugal::jinja
