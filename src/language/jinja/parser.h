// The parser's half that reads expressions; statements are in parser.cpp.
#pragma once

#include <string>
#include <vector>

#include "language/jinja/ast.h"
#include "language/jinja/lexer.h"

namespace frugal::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

 protected:
  using Kind = Expression::Kind;

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& next();
  bool at_sign(std::string_view sign) const { return peek().kind == Token::Kind::sign && peek().text == sign; }
  bool at_name(std::string_view name) const { return peek().kind == Token::Kind::name && peek().text == name; }
  bool take_sign(std::string_view sign);
  bool take_name(std::string_view name);
  void need_sign(std::string_view sign);
  std::string need_name();
  [[noreturn]] void unexpected(const std::string& wanted) const;

  ExpressionPtr tuple();  // one or more expressions with commas between them
  ExpressionPtr expression(bool with_condition = true);
  ExpressionPtr filters_of(ExpressionPtr value);  // "| name(...)", "is name", as many as follow
  ExpressionPtr filter(ExpressionPtr value);      // after its '|'
  void arguments(Expression& call);               // after its '('

  // Counts how deep the parser is in nested constructs; Error beyond a limit.
  struct Nesting {
    explicit Nesting(ExpressionParser& parser);
    ~Nesting() { --parser.depth_; }
    ExpressionParser& parser;
  };

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;

 private:
  ExpressionPtr make(Kind kind, std::string text = "") const;
  ExpressionPtr either();
  ExpressionPtr both();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr binary(int level);
  ExpressionPtr unary(bool with_filters);
  ExpressionPtr primary();
  ExpressionPtr postfix(ExpressionPtr value);
  ExpressionPtr subscript(ExpressionPtr value);
  ExpressionPtr test(ExpressionPtr value);
  ExpressionPtr list();
  ExpressionPtr dict();
};

}  // namespace frugal::jinja
