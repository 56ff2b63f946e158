// What the terminal at a file descriptor can do.
#pragma once

#include <string>
#include <string_view>

namespace frugal {

bool is_terminal(int fd);
// A terminal, NO_COLOR not set (https://no-color.org), TERM not "dumb".
bool colour_allowed(int fd);
int terminal_width(int fd);  // columns; 80 where unknown

enum class Colour { red, green, yellow, blue, grey, bold };
// `text` in that colour where fd allows it, else as it is.
std::string coloured(std::string_view text, Colour colour, int fd);

// "0:07", "12:05", "3:20:00"
std::string duration_text(double seconds);

}  // namespace frugal
