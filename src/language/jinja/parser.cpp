#include "language/jinja/parser.h"

#include <algorithm>
#include <initializer_list>

#include "base/check.h"

namespace frugal::jinja {
namespace {

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Body run() {
    Body body = statements({});
    if (peek().kind != Token::Kind::end) unexpected("the end of the template");
    return body;
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  // Up to a block that begins with one of `ends`, whose "{%" is read and whose name is not.
  Body statements(Words ends) {
    Nesting nesting(*this);
    Body body;
    for (;;) {
      const Token& token = peek();
      if (token.kind == Token::Kind::text) {
        body.push_back({.kind = Statement::Kind::text, .line = token.line, .text = next().text});
      } else if (token.kind == Token::Kind::print_begin) {
        const int line = next().line;
        body.push_back({.kind = Statement::Kind::print, .line = line});
        body.back().expression = tuple();
        if (peek().kind != Token::Kind::print_end) unexpected("'}}'");
        next();
      } else if (token.kind == Token::Kind::block_begin) {
        next();
        if (peek().kind == Token::Kind::name && std::find(ends.begin(), ends.end(), peek().text) != ends.end())
          return body;
        block(body);
      } else {
        if (ends.size() > 0) unexpected("'{% " + std::string(*(ends.end() - 1)) + " %}'");
        return body;
      }
    }
  }

  void close() {
    if (peek().kind != Token::Kind::block_end) unexpected("'%}'");
    next();
  }

  void block(Body& body) {
    const int line = peek().line;
    const std::string name = need_name();
    Statement made{.kind = Statement::Kind::choose, .line = line};
    if (name == "if") {
      choose(made);
    } else if (name == "for") {
      loop(made);
    } else if (name == "set") {
      set(made);
    } else if (name == "macro") {
      macro(made);
    } else if (name == "filter") {
      made.kind = Statement::Kind::filter;
      made.expression = filters_of(filter(nullptr));
      close();
      made.body = statements({"endfilter"});
      next(), close();
    } else if (name == "break" || name == "continue") {
      if (loops_ == 0) fail_at(line, "a '" + name + "' outside of a loop");
      made.kind = name == "break" ? Statement::Kind::leave : Statement::Kind::again;
      close();
    } else if (name == "generation") {  // marks what the model writes; it only matters for training
      close();
      Body inner = statements({"endgeneration"});
      next(), close();
      std::move(inner.begin(), inner.end(), std::back_inserter(body));
      return;
    } else {
      fail_at(line, "the block '" + name.substr(0, 40) +
                        "' is not supported here; if, for, set, macro, filter, break, "
                        "continue and generation are");
    }
    body.push_back(std::move(made));
  }

  void choose(Statement& made) {
    made.kind = Statement::Kind::choose;
    for (;;) {
      ExpressionPtr test = tuple();
      close();
      Body body = statements({"elif", "else", "endif"});
      made.branches.emplace_back(std::move(test), std::move(body));
      const std::string how = next().text;
      if (how == "elif") continue;
      close();
      if (how == "else") {
        made.branches.emplace_back(nullptr, statements({"endif"}));
        next(), close();
      }
      return;
    }
  }

  Target one_target() {
    if (take_sign("(")) {
      Target made = target();
      need_sign(")");
      return made;
    }
    return {.name = need_name()};
  }

  Target target() {
    Target first = one_target();
    if (!at_sign(",")) return first;
    Target made;
    made.several.push_back(std::move(first));
    while (take_sign(",")) {
      if (at_name("in") || at_sign("=")) break;
      made.several.push_back(one_target());
    }
    return made;
  }

  void loop(Statement& made) {
    made.kind = Statement::Kind::loop;
    made.target = target();
    if (!take_name("in")) unexpected("'in'");
    ExpressionPtr what = expression(false);
    if (at_sign(",")) {
      auto several = std::make_unique<Expression>();
      several->kind = Expression::Kind::tuple;
      several->line = made.line;
      several->items.push_back(std::move(what));
      while (take_sign(",")) several->items.push_back(expression(false));
      what = std::move(several);
    }
    made.expression = std::move(what);
    if (take_name("if")) made.filter = expression();
    if (at_name("recursive")) fail_at(peek().line, "a recursive loop is not supported");
    close();
    ++loops_;
    made.body = statements({"else", "endfor"});
    --loops_;
    const bool otherwise = next().text == "else";
    close();
    if (!otherwise) return;
    made.otherwise = statements({"endfor"});
    next(), close();
  }

  void set(Statement& made) {
    if (peek(1).kind == Token::Kind::sign && peek(1).text == ".") {
      made.target.name = need_name();
      next();
      made.target.attribute = need_name();
    } else {
      made.target = target();
    }
    if (take_sign("=")) {
      made.kind = Statement::Kind::set;
      made.expression = tuple();
      return close();
    }
    made.kind = Statement::Kind::capture;
    if (take_sign("|")) made.expression = filters_of(filter(nullptr));
    close();
    made.body = statements({"endset"});
    next(), close();
  }

  void macro(Statement& made) {
    made.kind = Statement::Kind::macro;
    made.text = need_name();
    need_sign("(");
    for (bool first = true; !take_sign(")"); first = false) {
      if (!first) need_sign(",");
      if (take_sign(")")) break;
      std::string name = need_name();
      ExpressionPtr otherwise;
      if (take_sign("=")) otherwise = expression();
      made.parameters.emplace_back(std::move(name), std::move(otherwise));
    }
    close();
    const int outer = std::exchange(loops_, 0);
    made.body = statements({"endmacro"});
    loops_ = outer;
    next(), close();
  }

  int loops_ = 0;
};

}  // namespace

Body parse(std::string_view source) { return Parser(tokenize(source)).run(); }

}  // namespace frugal::jinja
