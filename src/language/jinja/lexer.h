// Cuts a template into text, statements and expressions, and those into tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::jinja {

struct Token {
  enum class Kind { text, print_begin, print_end, block_begin, block_end, name, string, integer, real, sign, end } kind;
  std::string text{};  // also of a sign, such as "==" or "("
  int line = 1;
  std::int64_t integer = 0;
  double real = 0;
};

// White space is handled as chat templates expect it: trim_blocks and lstrip_blocks are on, one newline at the end of
// the template is dropped. Error with the line.
std::vector<Token> tokenize(std::string_view source);

[[noreturn]] void fail_at(int line, const std::string& message);  // "line 3: ..."

}  // namespace frugal::jinja
